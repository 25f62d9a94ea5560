// SPDX-License-Identifier: Apache-2.0

#include "loop/gate.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace warren::loop {
namespace {

using Clock = std::chrono::steady_clock;

Task<> expire(boost::asio::steady_timer& timer) {
  boost::system::error_code ignored;  // Cancelled or expired: the caller looks at the gate.
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

}  // namespace

// A timer's place before a gate, for as long as its coroutine waits.
class Gate::Waiting {
 public:
  Waiting(Gate& gate, boost::asio::steady_timer& timer) : gate_(gate), timer_(&timer) {
    gate_.waiting_.push_back(timer_);
  }
  ~Waiting() { std::erase(gate_.waiting_, timer_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Gate& gate_;
  boost::asio::steady_timer* timer_;
};

void Gate::open() {
  open_ = true;
  for (boost::asio::steady_timer* timer : waiting_) timer->cancel();
}

Task<> Gate::wait() {
  if (open_) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  Clock::time_point::max());
  const Waiting here(*this, timer);
  co_await expire(timer);
}

Task<bool> Gate::wait_for(std::chrono::milliseconds patience) {
  if (open_) co_return true;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, patience);
  const Waiting here(*this, timer);
  co_await expire(timer);
  co_return open_;
}

Task<> Gate::wait_either(Gate& other) {
  if (open_ || other.open_) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  Clock::time_point::max());
  const Waiting here(*this, timer);
  const Waiting there(other, timer);
  co_await expire(timer);
}

}  // namespace warren::loop
