// SPDX-License-Identifier: Apache-2.0

#include "client/file_output.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "os/call.h"
#include "os/context.h"

namespace warren::client {

FileOutput::FileOutput(output::LogFiles files, const output::LogOptions& options)
    : files_(std::move(files)), cursor_(files_, options) {}

// Not inotify: closing one waits for a grace period of the kernel, 10 to 25 ms at each end of a
// command.
Result<> FileOutput::watch() {
  if (!files_.event) return {};
  watch_ = WARREN_TRY(os::context(os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); }),
                                  "watching a log"));
  // By edges: it stays ready after the first growth, and each one more is an edge.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
  return os::context(os::call([&] {
                       return ::epoll_ctl(watch_.get(), EPOLL_CTL_ADD, files_.event.get(), &event);
                     }),
                     "watching a log");
}

// Lets the next change make the watch readable again.
void FileOutput::look() noexcept {
  if (!watch_) return;
  epoll_event event;
  std::ignore = os::call([&] { return ::epoll_wait(watch_.get(), &event, 1, 0); });
}

Result<std::optional<output::LogSegment>> FileOutput::next() {
  if (!std::exchange(sought_, true)) WARREN_TRY(cursor_.seek_tail());
  return cursor_.next();
}

os::KernelResult<std::size_t> FileOutput::move(const output::LogSegment& segment,
                                               const OutputStream& stream) {
  return stream.move_from(files_.of(segment.stream), segment.offset, segment.length);
}

Result<std::string> FileOutput::read(const output::LogSegment& segment, std::size_t most) {
  std::string bytes(std::min<std::uint64_t>(segment.length, most), '\0');
  const std::size_t count =
      WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                               return ::pread(files_.of(segment.stream), bytes.data(), bytes.size(),
                                              static_cast<off_t>(segment.offset));
                             }),
                             "reading the log"));
  bytes.resize(count);
  return bytes;
}

}  // namespace warren::client
