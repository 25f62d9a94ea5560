// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_watcher.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <memory>
#include <tuple>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/worker_thread.h"
#include "plan/init_protocol.h"

namespace warren::provider {
namespace {

// epoll keeps one number for each descriptor: the socket's own in the upper half, the listener's
// below.
constexpr std::uint64_t kWakeup = ~std::uint64_t{0};
constexpr int kDescriptorShift = 40;

std::uint64_t tag_of(int control, std::uint64_t number) {
  return static_cast<std::uint64_t>(control) << kDescriptorShift | number;
}

}  // namespace

Result<std::unique_ptr<InitWatcher>> InitWatcher::create(Listener& listener) {
  std::unique_ptr<InitWatcher> watcher(new InitWatcher(listener));
  watcher->epoll_ = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); }), "creating an epoll"));
  watcher->wakeup_ = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::eventfd(0, EFD_CLOEXEC); }), "creating an eventfd"));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeup}};
  WARREN_TRY(os::context(os::call([&] {
                           return ::epoll_ctl(watcher->epoll_.get(), EPOLL_CTL_ADD,
                                              watcher->wakeup_.get(), &event);
                         }),
                         "watching an eventfd"));
  watcher->thread_ =
      os::start_thread([self = watcher.get()](const std::stop_token&) { self->run(); });
  return watcher;
}

InitWatcher::~InitWatcher() {
  constexpr std::uint64_t kOne = 1;
  if (wakeup_) std::ignore = os::write_some(wakeup_.get(), std::as_bytes(std::span(&kOne, 1)));
}

Result<> InitWatcher::watch(int control, std::uint64_t number) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag_of(control, number)}};
  return os::context(
      os::call([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, control, &event); }),
      "watching an init");
}

void InitWatcher::run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const auto count = os::call_for<std::size_t>(
        [&] { return ::epoll_wait(epoll_.get(), events.data(), events.size(), -1); });
    if (!count) return;
    for (const epoll_event& event : std::span(events).first(*count)) {
      if (event.data.u64 == kWakeup) return;
      serve(static_cast<int>(event.data.u64 >> kDescriptorShift),
            event.data.u64 & ((std::uint64_t{1} << kDescriptorShift) - 1));
    }
  }
}

void InitWatcher::serve(int control, std::uint64_t number) {
  alignas(8) std::array<std::byte, 1024> buffer;
  auto received = os::receive_message(control, buffer);
  if (received ? received->bytes == 0 : os::is_disconnected(received.error())) {
    std::ignore =
        os::call([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, control, nullptr); });
    return listener_.gone(number);
  }
  if (received && received->bytes >= sizeof(plan::MessageHead)) {
    return listener_.message(number, std::span(buffer).first(received->bytes), *received);
  }
  // One message is lost or late; what it said is in the records, and the sandbox lives on.
  if (received) {
    spdlog::error("an init has sent {} bytes that are no message", received->bytes);
  } else if (received.error() != os::Errno{EAGAIN}) {
    spdlog::error("receiving from an init: {}", os::message(received.error()));
  }
}

}  // namespace warren::provider
