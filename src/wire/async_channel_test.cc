// SPDX-License-Identifier: Apache-2.0

#include "wire/async_channel.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "base/co_try.h"
#include "loop/task.h"
#include "os/socket.h"
#include "tests/support/fake_engine.h"
#include "tests/support/result_matchers.h"
#include "wire/codec.h"

namespace warren::wire {
namespace {

using loop::Task;
using ::testing::HasSubstr;

using ChannelPtr = std::shared_ptr<AsyncChannel>;
using CallPtr = std::unique_ptr<AsyncCall>;

Task<Result<>> echo(std::shared_ptr<Call> call) {
  co_return co_await call->send(std::string(call->request()));
}

// Counts up for as long as it is allowed to.
Task<Result<>> count(std::shared_ptr<Call> call) {
  for (int i = 0; i < 1000; ++i) {
    WARREN_CO_TRY(co_await call->send(std::to_string(i)));
  }
  co_return Result<>();
}

Task<Result<>> wait_for_cancel(std::shared_ptr<Call> call) {
  WARREN_CO_TRY(co_await call->send("waiting"));
  co_await call->wait_cancelled();
  co_return Result<>();
}

Task<Result<>> refuse(std::shared_ptr<Call>) {
  co_return fail(Errc::kNotFound, "no such job");
}

Task<Result<>> hand_over_a_pipe(std::shared_ptr<Call> call) {
  auto pipe = os::make_pipe();
  std::vector<Handed> handed;
  handed.push_back({.kind = v1::HANDED_ARCHIVE, .descriptor = std::move(pipe->write)});
  handed.push_back({.kind = v1::HANDED_INPUT, .descriptor = std::move(pipe->read)});
  co_return co_await call->send("both ends", std::move(handed));
}

class AsyncChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_.handle("Echo", echo);
    engine_.handle("Count", count);
    engine_.handle("Wait", wait_for_cancel);
    engine_.handle("Refuse", refuse);
    engine_.handle("Pipe", hand_over_a_pipe);
    engine_.handle("Watch", [this](std::shared_ptr<Call> call) { return watch(std::move(call)); });
  }

  // Runs the loop until `task` is done.
  template <typename T>
  T run(Task<T> task) {
    std::future<T> done = boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
    io_.restart();
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io_.run_one();
    return done.get();
  }
  ChannelPtr connect() {
    auto channel = run(AsyncChannel::connect(engine_.path()));
    EXPECT_TRUE(channel) << channel.error().message;
    return *channel;
  }

  Task<Result<>> watch(std::shared_ptr<Call> call) {
    WARREN_CO_TRY(co_await call->send("watching"));
    co_await call->wait_cancelled();
    cancelled_.set_value();
    co_return Result<>();
  }
  // Far beyond what it takes; only a failure waits that long.
  bool hears_of_cancel() {
    return cancelled_.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }

  boost::asio::io_context io_{1};
  std::promise<void> cancelled_;
  test::FakeEngine engine_;
};

TEST_F(AsyncChannelTest, TakesTheAnswerAndTheEndOfACall) {
  engine_.start();
  const auto channel = connect();
  const auto call = channel->open("Echo", "ping");
  EXPECT_EQ((*run(call->next()))->bytes, "ping");
  EXPECT_EQ(*run(call->next()), std::nullopt) << "the end";
  EXPECT_EQ(*run(call->next()), std::nullopt) << "and again";
  EXPECT_EQ(channel->open_calls(), 0U);
}

TEST_F(AsyncChannelTest, CarriesTheErrorThatEndsACall) {
  engine_.start();
  const auto call = connect()->open("Refuse", "");
  EXPECT_THAT(run(call->next()), test::HoldsError(Errc::kNotFound, "no such job"));
}

TEST_F(AsyncChannelTest, SaysWhatEachDescriptorIs) {
  engine_.start();
  const auto call = connect()->open("Pipe", "");
  const auto message = run(call->next());
  ASSERT_TRUE(message && *message);
  ASSERT_EQ((*message)->handed.size(), 2U);
  EXPECT_EQ((*message)->handed[0].kind, v1::HANDED_ARCHIVE);
  EXPECT_EQ((*message)->handed[1].kind, v1::HANDED_INPUT);
  char byte = 'x';
  ASSERT_EQ(::write((*message)->handed[0].descriptor.get(), &byte, 1), 1);
  EXPECT_EQ(::read((*message)->handed[1].descriptor.get(), &byte, 1), 1);
}

TEST_F(AsyncChannelTest, ServesOthersWhileNobodyTakesFromACall) {
  engine_.start();
  const auto channel = connect();
  const auto idle = channel->open("Count", "", 4);
  for (int i = 0; i < 100; ++i) {
    const auto call = channel->open("Echo", std::to_string(i));
    ASSERT_EQ((*run(call->next()))->bytes, std::to_string(i));
  }
  for (int i = 0; i < 1000; ++i) ASSERT_EQ((*run(idle->next()))->bytes, std::to_string(i));
  EXPECT_EQ(*run(idle->next()), std::nullopt);
}

TEST_F(AsyncChannelTest, HasManyCallsAtATime) {
  engine_.start();
  const auto channel = connect();
  std::vector<CallPtr> calls;
  calls.reserve(256);
  for (int i = 0; i < 256; ++i) calls.push_back(channel->open("Wait", "", 1));
  for (const CallPtr& call : calls) ASSERT_EQ((*run(call->next()))->bytes, "waiting");
  EXPECT_EQ(channel->open_calls(), 256U);
  EXPECT_THAT(run(channel->open("Echo", "")->next()),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many calls")));
  calls.clear();
  EXPECT_EQ(channel->open_calls(), 0U);
}

TEST_F(AsyncChannelTest, CancelsACallThatIsDestroyed) {
  engine_.start();
  const auto channel = connect();
  auto call = channel->open("Watch", "");
  ASSERT_EQ((*run(call->next()))->bytes, "watching");
  call.reset();
  EXPECT_TRUE(hears_of_cancel());
}

TEST_F(AsyncChannelTest, WakesWhoWaitsWhenTheCallIsCancelled) {
  engine_.start();
  const auto channel = connect();
  const auto call = channel->open("Watch", "");
  ASSERT_EQ((*run(call->next()))->bytes, "watching");
  boost::asio::post(io_, [&] { call->cancel(); });
  EXPECT_THAT(run(call->next()), test::HoldsError(Errc::kUnavailable, HasSubstr("cancelled")));
  EXPECT_TRUE(hears_of_cancel());
}

TEST_F(AsyncChannelTest, TellsEveryCallThatTheConnectionIsLost) {
  engine_.start();
  const auto channel = connect();
  const auto first = channel->open("Wait", "");
  const auto second = channel->open("Wait", "");
  ASSERT_TRUE(run(first->next()) && run(second->next()));
  engine_.stop();
  EXPECT_THAT(run(first->next()), test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
  EXPECT_THAT(run(second->next()), test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
  EXPECT_TRUE(channel->is_lost());
  EXPECT_THAT(run(channel->open("Echo", "")->next()),
              test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
}

TEST_F(AsyncChannelTest, GivesWhatHadArrivedBeforeTheConnectionWasLost) {
  engine_.start();
  const auto channel = connect();
  const auto idle = channel->open("Wait", "");
  const auto other = channel->open("Wait", "");
  ASSERT_TRUE(run(other->next()));
  engine_.stop();
  ASSERT_FALSE(run(other->next()));
  EXPECT_EQ((*run(idle->next()))->bytes, "waiting");
  EXPECT_THAT(run(idle->next()), test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
}

TEST_F(AsyncChannelTest, ClosesTheConnectionThatNobodyUses) {
  engine_.start();
  auto channel = connect();
  auto call = channel->open("Watch", "");
  ASSERT_TRUE(run(call->next()));
  channel.reset();
  EXPECT_FALSE(run(connect()->open("Refuse", "")->next())) << "the loop had its turn";
  call.reset();
  EXPECT_TRUE(hears_of_cancel());
}

TEST_F(AsyncChannelTest, RefusesARequestThatIsLargerThanAFrame) {
  engine_.start();
  const auto channel = connect();
  EXPECT_THAT(run(channel->open("Echo", std::string(kLargestFrame, 'x'))->next()),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too large")));
  EXPECT_EQ((*run(channel->open("Echo", "small")->next()))->bytes, "small");
}

TEST_F(AsyncChannelTest, SendsMoreThanTheSocketTakesAtOnce) {
  engine_.start();
  const auto channel = connect();
  const std::string large(3 << 20, 'x');
  const auto first = channel->open("Echo", large);
  const auto second = channel->open("Echo", large);
  EXPECT_EQ((*run(first->next()))->bytes.size(), large.size());
  EXPECT_EQ((*run(second->next()))->bytes.size(), large.size());
}

TEST_F(AsyncChannelTest, GivesTheReasonWhenItIsRefused) {
  engine_.start();
  v1::OnBehalfOf alice;
  alice.set_name("alice");
  EXPECT_THAT(run(AsyncChannel::connect(engine_.path(), alice)),
              test::HoldsError(Errc::kPermissionDenied, HasSubstr("nobody speaks for others")));
}

TEST_F(AsyncChannelTest, SaysWhenThereIsNoSocket) {
  EXPECT_THAT(run(AsyncChannel::connect(engine_.path() + ".gone")),
              test::HoldsError(Errc::kNotFound, HasSubstr(".gone")));
}

TEST_F(AsyncChannelTest, SaysWhenNobodyListens) {
  engine_.start();
  engine_.stop();
  EXPECT_THAT(run(AsyncChannel::connect(engine_.path())),
              test::HoldsError(Errc::kUnavailable, HasSubstr("refused")));
}

// A server that says what it likes.
class RawServer {
 public:
  RawServer() : listening_(socket_.take()) {}
  [[nodiscard]] std::string path() const { return socket_.path(); }
  void accept() {
    pollfd ready{.fd = listening_.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&ready, 1, 20'000), 1);
    connection_ = os::UniqueFd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void say(const std::vector<v1::Frame>& frames) {
    for (const v1::Frame& frame : frames) {
      const std::string bytes = *encode(frame);
      ASSERT_EQ(::write(connection_.get(), bytes.data(), bytes.size()), std::ssize(bytes));
    }
  }

 private:
  test::ListeningSocket socket_;
  os::UniqueFd listening_;
  os::UniqueFd connection_;
};

TEST_F(AsyncChannelTest, HangsUpOnAServerThatSendsMoreThanItMay) {
  RawServer server;
  v1::Frame hello;
  hello.mutable_hello()->set_version(kVersion);
  v1::Frame message;
  message.set_call(1);
  message.set_message("x");
  std::jthread greeter([&] {
    server.accept();
    server.say({hello});
  });
  const auto channel = run(AsyncChannel::connect(server.path()));
  greeter.join();
  ASSERT_TRUE(channel);
  const auto call = (*channel)->open("Any", "", 2);
  server.say({message, message, message});
  while (!(*channel)->is_lost()) io_.run_one();
  EXPECT_TRUE(run(call->next()) && run(call->next()));
  EXPECT_THAT(run(call->next()), test::HoldsError(Errc::kUnavailable, HasSubstr("more than")));
}

}  // namespace
}  // namespace warren::wire
