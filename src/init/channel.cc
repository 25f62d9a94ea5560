// SPDX-License-Identifier: Apache-2.0

#include "init/channel.h"

#include <unistd.h>

#include <tuple>

#include "os/process.h"

namespace warren::init {
namespace {

// A message that is nothing but its head.
struct Bare {
  plan::MessageHead head;
};

}  // namespace

template <typename T>
void Channel::send(plan::MessageType type, T& message, std::span<const int> fds) noexcept {
  message.head = {.version = plan::kProtocolVersion, .type = type, .bytes = sizeof message};
  const auto bytes = std::as_bytes(std::span(&message, 1));
  if (socket_) std::ignore = os::send_message(socket_.get(), bytes, fds);
}

void Channel::tell_ready() noexcept {
  Bare message{};
  send(plan::MessageType::kReady, message, {});
}

void Channel::tell_state(std::uint32_t live) noexcept {
  plan::StateEvent event{.head = {}, .live = live, .reserved = 0};
  // An engine that is not init's parent holds on to it by this.
  const auto self = os::open_process(::getpid());
  const int pidfd = self ? self->get() : -1;
  send(plan::MessageType::kState, event, std::span(&pidfd, self ? 1U : 0U));
}

void Channel::tell_started(const Process& process, const LaunchTimes& times) noexcept {
  const auto& [out, err] = process.output.streams();
  const int ends[] = {out.pipe.get(), err.pipe.get(), process.input.get()};
  int fds[4];
  std::size_t count = 0;
  std::uint32_t pipes = 0;
  for (std::uint32_t bit = 1; const int end : ends) {
    if (end >= 0) {
      fds[count++] = end;
      pipes |= bit;
    }
    bit <<= 1;
  }
  if (process.output.event() >= 0) fds[count++] = process.output.event();
  plan::StartedEvent event{.head = {},
                           .process = process.number,
                           .pid = process.child.pid,
                           .at = wall_clock(),
                           .began_ns = times.began,
                           .built_ns = times.built,
                           .spawned_ns = times.spawned,
                           .pipes = pipes,
                           .reserved = 0};
  send(plan::MessageType::kStarted, event, std::span(fds).first(count));
}

void Channel::tell_failed(std::uint32_t process, const Failure& failure) noexcept {
  plan::FailedEvent event{.head = {},
                          .process = process,
                          .step = failure.step,
                          .error = failure.error.value,
                          .op = failure.op,
                          .reserved = 0};
  send(plan::MessageType::kFailed, event, {});
}

void Channel::tell_exited(const Process& process, int wait_status, plan::WallClock at) noexcept {
  const auto& [out, err] = process.output.streams();
  plan::ExitedEvent event{.head = {},
                          .process = process.number,
                          .wait_status = wait_status,
                          .at = at,
                          .stdout_bytes = out.size,
                          .stderr_bytes = err.size,
                          .lost_bytes = process.output.lost()};
  send(plan::MessageType::kExited, event, {});
}

void Channel::tell_dialed(std::uint32_t request,
                          const os::KernelResult<os::UniqueFd>& socket) noexcept {
  plan::DialedEvent event{
      .head = {}, .request = request, .error = socket ? 0 : socket.error().value};
  const int fd = socket ? socket->get() : -1;
  send(plan::MessageType::kDialed, event, std::span(&fd, socket ? 1U : 0U));
}

void Channel::tell_accepted(int connection) noexcept {
  Bare message{};
  send(plan::MessageType::kAccepted, message, std::span(&connection, 1));
}

}  // namespace warren::init
