// SPDX-License-Identifier: Apache-2.0
//
// What a client's end receives: bytes into frames, and descriptors to the frames they came with.
// Private to this module.

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"
#include "wire/codec.h"

namespace warren::wire {

enum class Wait : bool { kNo, kYes };

struct ReceivedFrame {
  v1::Frame frame;
  std::vector<os::UniqueFd> descriptors;  // As many as the frame says.
};

class FrameReceiver {
 public:
  // Reads once; false when nothing is there and it was told not to wait. Fails with kUnavailable
  // once the other end has hung up.
  [[nodiscard]] Result<bool> receive(int socket, Wait wait);

  // The next whole frame, or nothing when more must be received. After an error the connection is
  // of no more use.
  [[nodiscard]] Result<std::optional<ReceivedFrame>> next();

 private:
  [[nodiscard]] Result<std::vector<os::UniqueFd>> take_descriptors(std::uint32_t count);

  Decoder decoder_;
  std::deque<os::UniqueFd> descriptors_;  // Received, and of a frame that is not yet whole.
};

}  // namespace warren::wire
