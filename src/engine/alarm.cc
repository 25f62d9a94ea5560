// SPDX-License-Identifier: Apache-2.0

#include "engine/alarm.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <tuple>

#include "os/call.h"
#include "os/context.h"

namespace warren::engine {

Alarm::Alarm(const Executor& executor, const Clock& clock)
    : executor_(executor), clock_(clock), timer_(executor) {}

Result<> Alarm::open() {
  os::UniqueFd timer = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK); }),
      "opening a timer"));
  timer_.assign(timer.release());
  spawn(executor_, watch());
  return {};
}

void Alarm::set(Timestamp at, std::uint64_t number, Ring ring) {
  const auto place = rings_.emplace(std::pair(at, number), std::move(ring)).first;
  if (at <= clock_()) {
    boost::asio::post(executor_, [this] { look(); });
  } else if (place == rings_.begin()) {
    arm();
  }
}

bool Alarm::cancel(Timestamp at, std::uint64_t number) {
  const auto place = rings_.find({at, number});
  if (place == rings_.end()) return false;
  const bool was_first = place == rings_.begin();
  rings_.erase(place);
  if (was_first) arm();
  return true;
}

void Alarm::look() {
  const Timestamp now = clock_();
  while (!rings_.empty() && rings_.begin()->first.first <= now) {
    const auto due = rings_.extract(rings_.begin());
    due.mapped()();
  }
  arm();
}

void Alarm::arm() {
  itimerspec when{};  // Zero: no timer while nothing is set.
  int flags = 0;
  if (!rings_.empty()) {
    const auto at = rings_.begin()->first.first.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(at - seconds).count();
    flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  }
  // ECANCELED tells that the clock has been set meanwhile. The timer is armed all the same, and
  // expires at once where its instant has passed.
  std::ignore =
      os::call([&] { return ::timerfd_settime(timer_.native_handle(), flags, &when, nullptr); });
}

Task<> Alarm::watch() {
  for (;;) {
    boost::system::error_code closed;
    co_await timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               boost::asio::redirect_error(boost::asio::use_awaitable, closed));
    if (closed) co_return;
    // How often it has expired, or ECANCELED after the clock was set: either is a reason to look.
    std::uint64_t expirations = 0;
    std::ignore = os::call_for<std::size_t>(
        [&] { return ::read(timer_.native_handle(), &expirations, sizeof expirations); });
    look();
  }
}

}  // namespace warren::engine
