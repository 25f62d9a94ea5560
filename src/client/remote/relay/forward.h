// SPDX-License-Identifier: Apache-2.0
//
// A call of the command line as a call on the remote server, whatever its method and its messages.

#pragma once

#include <grpcpp/generic/generic_stub.h>

#include <memory>

#include "base/result.h"
#include "loop/task.h"
#include "wire/server.h"

namespace warren::relay {

// Returns what the remote server's status says. `stub` must outlive the coroutine.
[[nodiscard]] loop::Task<Result<>> forward(std::shared_ptr<wire::Call> call,
                                           grpc::GenericStub& stub, loop::Executor executor);

}  // namespace warren::relay
