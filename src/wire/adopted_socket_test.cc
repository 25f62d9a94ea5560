// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <thread>

#include "os/sealed_file.h"
#include "os/socket.h"
#include "tests/support/result_matchers.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/server.h"

namespace warren::wire {
namespace {

using boost::asio::awaitable;
using ::testing::HasSubstr;

awaitable<Result<>> describe(std::shared_ptr<Call> call) {
  std::string answer = fmt::format("{} of {} bytes", call->method(), call->request().size());
  co_return co_await call->send(std::move(answer));
}

awaitable<Result<>> echo(std::shared_ptr<Call> call) {
  co_return co_await call->send(std::string(call->request()));
}

// A server of one connection, which is a socket pair.
class AdoptedSocket : public ::testing::Test {
 protected:
  void start(ServerOptions options) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_.reset(ends[0]);
    server_ = std::make_unique<Server>(io_.get_executor(), std::move(options));
    server_->handle("Echo", echo);
    server_->handle_others(describe);
    server_->adopt(os::UniqueFd(ends[1]));
    thread_ = std::jthread([this] { io_.run(); });
  }

  void TearDown() override {
    if (!server_) return;
    boost::asio::post(io_, [this] { server_->close(); });
    thread_.join();
  }

  [[nodiscard]] ClientChannel connect(LargeRequests large_requests) {
    auto channel = ClientChannel::over(std::move(client_), large_requests);
    EXPECT_TRUE(channel) << channel.error().message;
    return *std::move(channel);
  }

  // Begins a call with `file` as its request, and gives what the server says until it hangs up.
  [[nodiscard]] std::string refusal_of(const os::UniqueFd& file) {
    v1::Frame frame;
    frame.mutable_hello()->set_version(1);
    std::string bytes = *encode(frame);
    frame.set_call(1);
    frame.mutable_open()->set_method("Echo");
    frame.set_descriptors(1);
    frame.add_kinds(v1::HANDED_REQUEST);
    bytes += *encode(frame);
    const int descriptor = file.get();
    EXPECT_TRUE(os::send_message(client_.get(), std::as_bytes(std::span(bytes)),
                                 std::span(&descriptor, 1)));
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = ::read(client_.get(), part, sizeof part)) > 0;) {
      all.append(part, static_cast<std::size_t>(count));
    }
    return all;
  }

  boost::asio::io_context io_{1};
  os::UniqueFd client_;
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

v1::NodeRequest request_of(std::size_t bytes) {
  v1::NodeRequest request;
  request.set_node(std::string(bytes, 'x'));
  return request;
}

TEST_F(AdoptedSocket, IsServedLikeAnAcceptedOne) {
  start({});
  auto channel = connect(LargeRequests::kRefused);
  EXPECT_EQ(channel.exchange("Echo", request_of(5)), request_of(5).SerializeAsString());
}

TEST_F(AdoptedSocket, GivesTheMethodsWithoutAHandlerToOneForAll) {
  start({});
  auto channel = connect(LargeRequests::kRefused);
  EXPECT_EQ(channel.exchange("Some/Other", v1::NodeRequest()), "Some/Other of 0 bytes");
}

TEST_F(AdoptedSocket, EndsTheLoopWhenTheClientHasGone) {
  start({});
  { const auto gone = connect(LargeRequests::kRefused); }
  thread_.join();
  EXPECT_TRUE(io_.stopped());
  server_.reset();
}

TEST_F(AdoptedSocket, TakesARequestLargerThanAFrameAsAFile) {
  start({.accepts_files = true});
  auto channel = connect(LargeRequests::kAsFiles);
  const v1::NodeRequest large = request_of(110 << 20);
  EXPECT_EQ(channel.exchange("Some/Other", large),
            fmt::format("Some/Other of {} bytes", large.ByteSizeLong()));
  const v1::NodeRequest middle = request_of(3 << 20);
  EXPECT_EQ(channel.exchange("Echo", middle), middle.SerializeAsString());
}

TEST_F(AdoptedSocket, IsSentNoRequestLargerThanAFrameOtherwise) {
  start({});
  auto channel = connect(LargeRequests::kRefused);
  EXPECT_THAT(channel.exchange("Echo", request_of(5 << 20)),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too large to send")));
}

TEST_F(AdoptedSocket, RefusesAFileThatCouldStillChange) {
  start({.accepts_files = true});
  const os::UniqueFd file(::memfd_create("request", MFD_CLOEXEC));
  EXPECT_THAT(refusal_of(file), HasSubstr("mapping a request"));
}

}  // namespace
}  // namespace warren::wire
