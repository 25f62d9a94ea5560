// SPDX-License-Identifier: Apache-2.0

#include "gateway/call_scope.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Remembers which methods were cancelled.
class FakeChannel final : public wire::AsyncChannel {
 public:
  class Call final : public wire::AsyncCall {
   public:
    Call(FakeChannel& channel, std::string_view method) : channel_(channel), method_(method) {}
    [[nodiscard]] boost::asio::awaitable<Result<std::optional<wire::AsyncMessage>>> next()
        override {
      co_return std::nullopt;
    }
    void cancel() override { channel_.cancelled.push_back(method_); }

   private:
    FakeChannel& channel_;
    std::string method_;
  };

  [[nodiscard]] std::unique_ptr<wire::AsyncCall> open(std::string_view method,
                                                      std::string /*request*/,
                                                      std::uint32_t /*credit*/) override {
    return std::make_unique<Call>(*this, method);
  }
  [[nodiscard]] bool is_lost() const noexcept override { return false; }
  [[nodiscard]] std::size_t open_calls() const noexcept override { return 7; }

  std::vector<std::string> cancelled;
};

class CallScopeTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeChannel> channel_ = std::make_shared<FakeChannel>();
  std::shared_ptr<CallScope> scope_ = CallScope::over(channel_);
};

TEST_F(CallScopeTest, CancelsWhatIsOpen) {
  const auto one = scope_->open("one", "", 4);
  const auto two = scope_->open("two", "", 4);
  scope_->open("over", "", 4).reset();
  EXPECT_THAT(channel_->cancelled, IsEmpty());
  scope_->cancel();
  EXPECT_THAT(channel_->cancelled, UnorderedElementsAre("one", "two"));
}

TEST_F(CallScopeTest, CancelsWhatIsOpenedLater) {
  scope_->cancel();
  const auto late = scope_->open("late", "", 4);
  EXPECT_THAT(channel_->cancelled, ElementsAre("late"));
}

TEST_F(CallScopeTest, IsOtherwiseTheChannel) {
  EXPECT_EQ(scope_->open_calls(), 7U);
  EXPECT_FALSE(scope_->is_lost());
}

}  // namespace
}  // namespace warren::gateway
