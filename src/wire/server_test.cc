// SPDX-License-Identifier: Apache-2.0

#include "wire/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/co_try.h"
#include "tests/support/listening_socket.h"
#include "tests/support/result_matchers.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"

namespace warren::wire {
namespace {

using boost::asio::awaitable;
using ::testing::HasSubstr;

// Far beyond what anything here takes; only a failure waits that long.
constexpr std::chrono::seconds kDeadline{20};

awaitable<Result<>> echo(std::shared_ptr<Call> call) {
  co_return co_await call->send(std::string(call->request()));
}

awaitable<Result<>> refuse(std::shared_ptr<Call> call) {
  co_return fail(Errc::kNotFound, "no job '{}'", call->request().size());
}

awaitable<Result<>> wait_for_cancel(std::shared_ptr<Call> call) {
  co_await call->wait_cancelled();
  co_return Result<>();
}

awaitable<Result<>> hand_over_a_pipe(std::shared_ptr<Call> call) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) co_return fail(Errc::kInternal, "no pipe");
  const os::UniqueFd writer(ends[1]);
  std::vector<os::UniqueFd> descriptors;
  descriptors.emplace_back(ends[0]);
  std::ignore = ::write(writer.get(), "through", 7);
  co_return co_await call->send("first", std::move(descriptors));
}

v1::NodeRequest request_of(std::string node) {
  v1::NodeRequest request;
  request.set_node(std::move(node));
  return request;
}

os::UniqueFd connect_raw(const std::string& path) {
  os::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

// What the server says until it closes.
std::string read_until_closed(const os::UniqueFd& socket) {
  std::string all;
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::read(socket.get(), bytes, sizeof bytes);
    if (count <= 0) return all;
    all.append(bytes, static_cast<std::size_t>(count));
  }
}

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(io_.get_executor(), socket_.take(), std::move(options));
    server_->handle("Echo", echo);
    server_->handle("Refuse", refuse);
    server_->handle("Wait", wait_for_cancel);
    server_->handle("Pipe", hand_over_a_pipe);
    server_->handle("Flood", [this](std::shared_ptr<Call> call) { return flood(std::move(call)); });
    server_->handle("Watch", [this](std::shared_ptr<Call> call) { return watch(std::move(call)); });
    server_->start();
    thread_ = std::jthread([this] { io_.run(); });
  }

  void TearDown() override {
    if (!server_) return;
    boost::asio::post(io_, [this] { server_->close(); });
    thread_.join();
  }

  [[nodiscard]] ClientChannel connect() const {
    auto channel = ClientChannel::connect(socket_.path());
    EXPECT_TRUE(channel) << channel.error().message;
    return *std::move(channel);
  }

  // Asks the server's thread.
  [[nodiscard]] std::size_t connections() {
    std::promise<std::size_t> answer;
    boost::asio::post(io_, [&] { answer.set_value(server_->connections()); });
    return answer.get_future().get();
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

  test::ListeningSocket socket_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Server> server_;
  std::jthread thread_;
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
              test::HoldsError(Errc::kFailedPrecondition, HasSubstr("'Nothing'")));
}

TEST_F(ServerTest, KnowsWhoCalls) {
  start({.admit = [](const Peer& peer) -> Result<> {
    if (peer.uid == ::getuid() && peer.pid == ::getpid()) return {};
    return fail(Errc::kInternal, "wrong peer");
  }});
  EXPECT_TRUE(connect().exchange("Echo", request_of("x")));
}

TEST_F(ServerTest, TellsARefusedClientWhy) {
  start(
      {.admit = [](const Peer&) -> Result<> { return fail(Errc::kPermissionDenied, "not you"); }});
  EXPECT_THAT(ClientChannel::connect(socket_.path()),
              test::HoldsError(Errc::kPermissionDenied, "not you"));
}

TEST_F(ServerTest, HandsOverDescriptors) {
  start();
  auto channel = connect();
  const auto call = *channel.open("Pipe", request_of(""));
  const auto event = channel.next_of(call);
  ASSERT_TRUE(event);
  ASSERT_EQ(event->descriptors.size(), 1U);
  const int fd = event->descriptors[0].get();
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  char bytes[16];
  EXPECT_EQ(::read(fd, bytes, sizeof bytes), 7);
  EXPECT_EQ(std::string(bytes, 7), "through");
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
