// SPDX-License-Identifier: Apache-2.0

#include "client/input_forwarder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <span>

#include "os/file.h"

namespace warren::client {
namespace {

constexpr short kBroken = POLLERR | POLLHUP | POLLNVAL;

}  // namespace

bool has_input(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0) return false;
  struct stat status {};
  if (::fstat(fd, &status) < 0) return false;
  return !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3);
}

InputForwarder::InputForwarder(int source, os::UniqueFd pipe)
    : source_(source), pipe_(std::move(pipe)) {
  // Nobody else writes to this end; the reader's end keeps its own flags.
  ::fcntl(pipe_.get(), F_SETFL, O_WRONLY | O_NONBLOCK);
}

std::array<pollfd, 2> InputForwarder::interests() const {
  const bool is_empty = begin_ == end_;
  const int source = pipe_ && is_empty ? source_ : -1;
  // Without events, poll(2) still tells when the job has closed its input.
  const short pipe_events = is_empty ? short{0} : short{POLLOUT};
  return {pollfd{.fd = source, .events = POLLIN, .revents = 0},
          pollfd{.fd = pipe_.get(), .events = pipe_events, .revents = 0}};
}

void InputForwarder::advance(const std::array<pollfd, 2>& ready) {
  if (!pipe_) return;
  if ((ready[1].revents & kBroken) != 0) return end();
  if (ready[0].revents != 0) read_source();
  if (pipe_ && begin_ != end_) write_pipe();
}

void InputForwarder::read_source() {
  const auto count = os::read_some(source_, bytes_);
  if (!count && count.error() == os::Errno{EAGAIN}) return;
  has_ended_ = !count || *count == 0;
  if (has_ended_) return end();
  has_begun_ = true;
  begin_ = 0;
  end_ = *count;
}

void InputForwarder::write_pipe() {
  const auto count = os::write_some(pipe_.get(), std::span(bytes_).subspan(begin_, end_ - begin_));
  if (count) {
    begin_ += *count;
  } else if (count.error() != os::Errno{EAGAIN}) {
    end();
  }
}

}  // namespace warren::client
