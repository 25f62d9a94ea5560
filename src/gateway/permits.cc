// SPDX-License-Identifier: Apache-2.0

#include "gateway/permits.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace warren::gateway {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

// A timer that never expires: cancelling it wakes the waiter.
struct Permits::Waiter {
  std::string holder;
  asio::steady_timer turn;
  bool has_permit = false;
};

Permits::Permit::Permit(Permits& permits, std::string holder)
    : permits_(&permits), holder_(std::move(holder)) {}

Permits::Permit::Permit(Permit&& other) noexcept
    : permits_(std::exchange(other.permits_, nullptr)), holder_(std::move(other.holder_)) {}

Permits::Permit::~Permit() {
  if (permits_ != nullptr) permits_->give_back(holder_);
}

Permits::Permits(asio::any_io_executor executor, std::size_t most)
    : executor_(std::move(executor)), most_(most) {}

asio::awaitable<Permits::Permit> Permits::acquire(std::string holder) {
  const auto waiter = std::make_shared<Waiter>(
      Waiter{holder, asio::steady_timer(executor_, asio::steady_timer::time_point::max())});
  waiting_.push_back(waiter);
  serve_waiting();
  while (!waiter->has_permit) co_await waiter->turn.async_wait(kNoThrow);
  co_return Permit(*this, std::move(holder));
}

bool Permits::is_free_for(const std::string& holder) const {
  return holders_.size() < most_ && !holders_.contains(holder);
}

void Permits::give_back(const std::string& holder) {
  holders_.erase(holder);
  // Behind those of all others, so that nobody is served more often for asking more often.
  std::list<std::shared_ptr<Waiter>> theirs;
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto each = next++;
    if ((*each)->holder == holder) theirs.splice(theirs.end(), waiting_, each);
  }
  waiting_.splice(waiting_.end(), theirs);
  serve_waiting();
}

void Permits::serve_waiting() {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto waiter = *next;
    if (!is_free_for(waiter->holder)) {
      ++next;
      continue;
    }
    holders_.insert(waiter->holder);
    waiter->has_permit = true;
    waiter->turn.cancel();
    next = waiting_.erase(next);
  }
}

}  // namespace warren::gateway
