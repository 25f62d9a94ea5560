// SPDX-License-Identifier: Apache-2.0

#include "wire/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>

#include "base/co_try.h"
#include "tests/support/result_matchers.h"
#include "wire/server_fixture.h"

namespace warren::wire {
namespace {

using boost::asio::awaitable;
using ::testing::HasSubstr;

// Far beyond what anything here takes; only a failure waits that long.
constexpr std::chrono::seconds kDeadline{20};

awaitable<Result<>> refuse(std::shared_ptr<Call> call) {
  co_return fail(Errc::kNotFound, "no job '{}'", call->request().size());
}

awaitable<Result<>> wait_for_cancel(std::shared_ptr<Call> call) {
  co_await call->wait_cancelled();
  co_return Result<>();
}

class ServerTest : public ServerFixture {
 protected:
  void register_on(Server& server) override {
    server.handle("Echo", echo);
    server.handle("Refuse", refuse);
    server.handle("Wait", wait_for_cancel);
    server.handle("Flood", [this](std::shared_ptr<Call> call) { return flood(std::move(call)); });
    server.handle("Watch", [this](std::shared_ptr<Call> call) { return watch(std::move(call)); });
  }

  awaitable<Result<>> flood(std::shared_ptr<Call> call) {
    for (flooded_ = 0; flooded_ < 1000; ++flooded_) {
      WARREN_CO_TRY(co_await call->send(std::to_string(flooded_) + std::string(payload_, 'x')));
    }
    co_return Result<>();
  }

  awaitable<Result<>> watch(std::shared_ptr<Call> call) {
    call->on_cancel([this] { cancelled_.set_value(); });
    WARREN_CO_TRY(co_await call->send("watching"));
    co_await call->wait_cancelled();
    co_return Result<>();
  }

  std::atomic<int> flooded_ = 0;
  std::size_t payload_ = 10;
  std::promise<void> cancelled_;
};

TEST_F(ServerTest, AnswersACall) {
  start();
  auto channel = connect();
  const auto answer = channel.exchange("Echo", request_of("abc"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, request_of("abc").SerializeAsString());
}

TEST_F(ServerTest, CarriesTheErrorOfAHandler) {
  start();
  EXPECT_THAT(connect().exchange("Refuse", request_of("")),
              test::HoldsError(Errc::kNotFound, "no job '0'"));
}

TEST_F(ServerTest, NamesACallItDoesNotHave) {
  start();
  EXPECT_THAT(connect().exchange("Nothing", request_of("")),
              test::HoldsError(Errc::kUnimplemented, HasSubstr("'Nothing'")));
}

TEST_F(ServerTest, KeepsAnswersOfSeveralCallsApart) {
  start();
  auto channel = connect();
  const auto waiting = *channel.open("Wait", request_of(""));
  std::vector<CallId> calls;
  calls.reserve(20);
  for (int i = 0; i < 20; ++i)
    calls.push_back(*channel.open("Echo", request_of(std::to_string(i))));
  for (int i = 19; i >= 0; --i) {
    const auto event = channel.next_of(calls[static_cast<std::size_t>(i)]);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->message, request_of(std::to_string(i)).SerializeAsString());
  }
  EXPECT_TRUE(channel.cancel(waiting));
}

TEST_F(ServerTest, SendsNoMoreThanTheCreditItWasGiven) {
  start();
  auto channel = connect();
  std::ignore = *channel.open("Flood", request_of(""), 8);
  // The answer to a later call shows that the flood had its chance.
  ASSERT_TRUE(channel.exchange("Echo", request_of("x")));
  EXPECT_EQ(flooded_, 8);
}

TEST_F(ServerTest, DeliversAWholeStreamWhateverItsCredit) {
  payload_ = 20000;  // More than the socket holds, so that partial writes happen.
  start();
  auto channel = connect();
  const auto call = *channel.open("Flood", request_of(""), 64);
  for (int i = 0; i < 1000; ++i) {
    const auto event = channel.next_of(call);
    ASSERT_TRUE(event);
    ASSERT_FALSE(event->end);
    ASSERT_EQ(event->message, std::to_string(i) + std::string(payload_, 'x'));
  }
  const auto end = channel.next_of(call);
  ASSERT_TRUE(end && end->end);
  EXPECT_TRUE(*end->end);
}

TEST_F(ServerTest, HoldsAtMostTheAgreedBytesForAClientThatDoesNotRead) {
  payload_ = 100'000;
  start({.unsent_bytes = 300'000});
  auto slow = connect();
  std::ignore = *slow.open("Flood", request_of(""), 1000);
  auto other = connect();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(other.exchange("Echo", request_of("x")));
  EXPECT_LT(flooded_, 20) << "some in the socket, three in the queue";
}

TEST_F(ServerTest, TellsAHandlerThatItsCallWasCancelled) {
  start();
  auto channel = connect();
  const auto call = *channel.open("Watch", request_of(""));
  ASSERT_TRUE(channel.next_of(call));
  ASSERT_TRUE(channel.cancel(call));
  EXPECT_EQ(cancelled_.get_future().wait_for(kDeadline), std::future_status::ready);
}

TEST_F(ServerTest, TellsAHandlerThatItsClientHasGone) {
  start();
  {
    auto channel = connect();
    const auto call = *channel.open("Watch", request_of(""));
    ASSERT_TRUE(channel.next_of(call));
  }
  EXPECT_EQ(cancelled_.get_future().wait_for(kDeadline), std::future_status::ready);
  EXPECT_EQ(connections(), 0U);
}

TEST_F(ServerTest, EndsCallsBeyondTheLimitOfOneConnection) {
  start({.calls_per_connection = 2});
  auto channel = connect();
  const auto first = *channel.open("Wait", request_of(""));
  std::ignore = *channel.open("Wait", request_of(""));
  EXPECT_THAT(channel.exchange("Echo", request_of("")),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many calls")));
  ASSERT_TRUE(channel.cancel(first));
  // The place is free once the handler has ended, which is soon after.
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!channel.exchange("Echo", request_of(""))) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  start({.connections = 1});
  const auto first = connect();
  EXPECT_THAT(ClientChannel::connect(socket_.path()),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many connections")));
}

TEST_F(ServerTest, TellsItsReasonToAClientThatItHungUpOnBeforeItGreeted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  os::UniqueFd client(ends[0]);
  os::UniqueFd server(ends[1]);
  v1::Frame frame;
  frame.mutable_end()->set_code(8);  // RESOURCE_EXHAUSTED
  frame.mutable_end()->set_message("too many connections");
  const std::string bytes = *encode(frame);
  ASSERT_EQ(::write(server.get(), bytes.data(), bytes.size()), std::ssize(bytes));
  server.reset();
  EXPECT_THAT(ClientChannel::over(std::move(client)),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many connections")));
}

TEST_F(ServerTest, ClosesAConnectionThatDoesNotGreetInTime) {
  start({.handshake_deadline = std::chrono::milliseconds(50)});
  const auto silent = connect_raw(socket_.path());
  EXPECT_EQ(read_until_closed(silent), "");
}

TEST_F(ServerTest, ClosesAConnectionThatSendsGarbage) {
  start();
  const auto hostile = connect_raw(socket_.path());
  ASSERT_EQ(::write(hostile.get(), "GET / HTTP/1.1\r\n\r\n", 18), 18);
  EXPECT_THAT(read_until_closed(hostile), HasSubstr("too large"));
  EXPECT_TRUE(connect().exchange("Echo", request_of("x"))) << "others are served";
}

TEST_F(ServerTest, ClosesAConnectionThatUsesACallNumberAgain) {
  start();
  const auto hostile = connect_raw(socket_.path());
  v1::Frame frame;
  frame.mutable_hello()->set_version(1);
  std::string bytes = *encode(frame);
  frame.set_call(1);
  frame.mutable_open()->set_method("Wait");
  bytes += *encode(frame) + *encode(frame);
  ASSERT_EQ(::write(hostile.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_THAT(read_until_closed(hostile), HasSubstr("call 1 after call 1"));
}

TEST(ClientChannel, SaysWhenNobodyListens) {
  std::string path;
  {
    const test::ListeningSocket gone;
    path = gone.path();
  }
  EXPECT_THAT(ClientChannel::connect(path), test::HoldsError(Errc::kNotFound, HasSubstr(path)));
}

TEST(ClientChannel, RefusesAPathThatNoSocketCanHave) {
  EXPECT_THAT(ClientChannel::connect("/" + std::string(107, 'x')),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("107 bytes")));
}

TEST_F(ServerTest, LosesClientsWithAnErrorWhenItCloses) {
  start();
  auto channel = connect();
  const auto call = *channel.open("Watch", request_of(""));
  ASSERT_TRUE(channel.next_of(call));
  boost::asio::post(io_, [this] { server_->close(); });
  EXPECT_THAT(channel.next_of(call), test::HoldsError(Errc::kUnavailable, HasSubstr("hung up")));
}

}  // namespace
}  // namespace warren::wire
