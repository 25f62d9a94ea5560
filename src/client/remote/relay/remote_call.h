// SPDX-License-Identifier: Apache-2.0
//
// One call on the remote server, for coroutines of the loop. gRPC's own threads only announce what
// has happened; everything else is the loop's.

#pragma once

#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/task.h"

namespace warren::relay {

// What a call sends: bytes, and what keeps them where they are until they are sent. The loop lets
// go of it then.
struct Outgoing {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

[[nodiscard]] Outgoing own(std::string bytes);

class RemoteCall {
 public:
  virtual ~RemoteCall() = default;

  // Begins a call of `path`, "/joblet.JobletService/RunJob".
  [[nodiscard]] static std::shared_ptr<RemoteCall> start(grpc::GenericStub& stub,
                                                         const std::string& path,
                                                         const loop::Executor& executor);

  // Waits for the server's next message; nothing once it has sent its last. One at a time.
  [[nodiscard]] virtual loop::Task<std::optional<std::string>> read() = 0;

  // Waits until the message is on its way; false where the server takes no more. One at a time.
  enum class Last : bool { kNo, kYes };
  [[nodiscard]] virtual loop::Task<bool> write(Outgoing message, Last last) = 0;
  // Nothing more is written. Not after a last message, nor after one that was not taken.
  [[nodiscard]] virtual loop::Task<> end_writes() = 0;

  // Waits for the status. After read() gave nothing, with no read or write under way, and once.
  [[nodiscard]] virtual loop::Task<Result<>> finish() = 0;

  // Whatever is under way ends soon, as if the server had ended the call.
  virtual void cancel() = 0;
};

}  // namespace warren::relay
