// SPDX-License-Identifier: Apache-2.0

#include "gateway/call_scope.h"

#include <boost/asio/awaitable.hpp>
#include <utility>

namespace warren::gateway {

class CallScope::Call final : public wire::AsyncCall {
 public:
  Call(std::shared_ptr<CallScope> scope, std::unique_ptr<wire::AsyncCall> call)
      : scope_(std::move(scope)), call_(std::move(call)) {
    scope_->calls_.insert(call_.get());
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() override { scope_->calls_.erase(call_.get()); }

  [[nodiscard]] boost::asio::awaitable<Result<std::optional<wire::AsyncMessage>>> next() override {
    return call_->next();
  }
  void cancel() override { call_->cancel(); }

 private:
  std::shared_ptr<CallScope> scope_;
  std::unique_ptr<wire::AsyncCall> call_;
};

CallScope::CallScope(std::shared_ptr<wire::AsyncChannel> channel) : channel_(std::move(channel)) {}

std::shared_ptr<CallScope> CallScope::over(std::shared_ptr<wire::AsyncChannel> channel) {
  return std::shared_ptr<CallScope>(new CallScope(std::move(channel)));
}

void CallScope::cancel() {
  is_cancelled_ = true;
  // Whoever is woken by it may end its call meanwhile.
  const std::set<wire::AsyncCall*> open = calls_;
  for (wire::AsyncCall* const call : open) {
    if (calls_.contains(call)) call->cancel();
  }
}

std::unique_ptr<wire::AsyncCall> CallScope::open(std::string_view method, std::string request,
                                                 std::uint32_t credit) {
  auto call = channel_->open(method, std::move(request), credit);
  if (is_cancelled_) call->cancel();
  return std::make_unique<Call>(shared_from_this(), std::move(call));
}

}  // namespace warren::gateway
