// SPDX-License-Identifier: Apache-2.0

#include "wire/frame_receiver.h"

#include <sys/socket.h>

#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "wire/received_descriptors.h"

namespace warren::wire {

Result<bool> FrameReceiver::receive(int socket, Wait wait) {
  std::array<char, 16384> bytes;
  const int flags = wait == Wait::kNo ? MSG_DONTWAIT : 0;
  const auto count = receive_with_descriptors(socket, bytes, descriptors_, flags);
  if (!count && count.error() == os::Errno{EAGAIN}) return false;
  if (!count || *count == 0) return fail(Errc::kUnavailable, "the engine hung up");
  decoder_.append(std::string_view(bytes.data(), *count));
  return true;
}

Result<std::optional<ReceivedFrame>> FrameReceiver::next() {
  std::optional<v1::Frame> frame = WARREN_TRY(decoder_.next());
  if (!frame) {
    // Descriptors travel with the first bytes of their frame: with no frame begun, nobody owns
    // these.
    if (!decoder_.is_inside_frame()) descriptors_.clear();
    return std::nullopt;
  }
  std::vector<os::UniqueFd> descriptors = WARREN_TRY(take_descriptors(frame->descriptors()));
  return ReceivedFrame{.frame = *std::move(frame), .descriptors = std::move(descriptors)};
}

Result<std::vector<os::UniqueFd>> FrameReceiver::take_descriptors(std::uint32_t count) {
  if (count > descriptors_.size()) {
    return fail(Errc::kInternal, "the engine announced {} descriptors and sent {}", count,
                descriptors_.size());
  }
  const auto end = descriptors_.begin() + count;
  std::vector<os::UniqueFd> taken(std::make_move_iterator(descriptors_.begin()),
                                  std::make_move_iterator(end));
  descriptors_.erase(descriptors_.begin(), end);
  return taken;
}

}  // namespace warren::wire
