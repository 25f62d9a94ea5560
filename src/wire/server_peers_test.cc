// SPDX-License-Identifier: Apache-2.0
//
// Who calls, for whom, and what is handed over to them.

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"
#include "wire/server_fixture.h"

namespace warren::wire {
namespace {

using boost::asio::awaitable;
using ::testing::HasSubstr;

awaitable<Result<>> name_the_subject(std::shared_ptr<Call> call) {
  const auto& subject = call->peer().on_behalf_of;
  std::string answer = subject ? "for " + subject->name() : "for itself";
  co_return co_await call->send(std::move(answer));
}

awaitable<Result<>> hand_over_a_pipe(std::shared_ptr<Call> call) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) co_return fail(Errc::kInternal, "no pipe");
  const os::UniqueFd writer(ends[1]);
  std::vector<Handed> handed;
  handed.push_back({.kind = v1::HANDED_INPUT, .descriptor = os::UniqueFd(ends[0])});
  std::ignore = ::write(writer.get(), "through", 7);
  co_return co_await call->send("first", std::move(handed));
}

class ServerPeers : public ServerFixture {
  void register_on(Server& server) override {
    server.handle("Echo", echo);
    server.handle("Whom", name_the_subject);
    server.handle("Pipe", hand_over_a_pipe);
  }
};

TEST_F(ServerPeers, KnowsWhoCalls) {
  start({.admit = [](const Peer& peer) -> Result<> {
    if (peer.uid == ::getuid() && peer.pid == ::getpid()) return {};
    return fail(Errc::kInternal, "wrong peer");
  }});
  EXPECT_TRUE(connect().exchange("Echo", request_of("x")));
}

TEST_F(ServerPeers, TellsARefusedClientWhy) {
  start(
      {.admit = [](const Peer&) -> Result<> { return fail(Errc::kPermissionDenied, "not you"); }});
  EXPECT_THAT(ClientChannel::connect(socket_.path()),
              test::HoldsError(Errc::kPermissionDenied, "not you"));
}

std::string hello_for(const std::string& name) {
  v1::Frame frame;
  frame.mutable_hello()->set_version(1);
  if (!name.empty()) frame.mutable_hello()->mutable_on_behalf_of()->set_name(name);
  return *encode(frame);
}

TEST_F(ServerPeers, LetsNobodySpeakForOthersUnlessToldOtherwise) {
  start();
  const auto client = connect_raw(socket_.path());
  const std::string hello = hello_for("alice");
  ASSERT_EQ(::write(client.get(), hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));
  EXPECT_THAT(read_until_closed(client), HasSubstr("nobody speaks for others"));
}

TEST_F(ServerPeers, AsksWhomAClientMaySpeakFor) {
  start({.vouch = [](const Peer& peer) -> Result<> {
    if (peer.on_behalf_of) return fail(Errc::kNotFound, "no {}", peer.on_behalf_of->name());
    return fail(Errc::kInvalidArgument, "for nobody");
  }});
  for (const auto& [name, answer] : {std::pair{"alice", "no alice"}, std::pair{"", "for nobody"}}) {
    const auto client = connect_raw(socket_.path());
    const std::string hello = hello_for(name);
    ASSERT_EQ(::write(client.get(), hello.data(), hello.size()),
              static_cast<ssize_t>(hello.size()));
    EXPECT_THAT(read_until_closed(client), HasSubstr(answer));
  }
}

TEST_F(ServerPeers, TellsAHandlerWhomItsClientSpeaksFor) {
  start({.vouch = [](const Peer&) -> Result<> { return {}; }});
  const auto client = connect_raw(socket_.path());
  v1::Frame open;
  open.set_call(1);
  open.mutable_open()->set_method("Whom");
  const std::string bytes = hello_for("alice") + *encode(open);
  ASSERT_EQ(::write(client.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_THAT(read_until(client, "for alice"), HasSubstr("for alice"));
}

TEST_F(ServerPeers, HandsOverDescriptors) {
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

TEST_F(ServerPeers, SaysWhatEachDescriptorIs) {
  start();
  const auto client = connect_raw(socket_.path());
  v1::Frame open;
  open.set_call(1);
  open.mutable_open()->set_method("Pipe");
  const std::string bytes = hello_for("") + *encode(open);
  ASSERT_EQ(::write(client.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  Decoder decoder;
  decoder.append(read_until(client, "first"));
  ASSERT_TRUE((*decoder.next())->has_hello());
  const v1::Frame first = **decoder.next();
  EXPECT_EQ(first.descriptors(), 1U);
  EXPECT_THAT(first.kinds(), ::testing::ElementsAre(v1::HANDED_INPUT));
}

}  // namespace
}  // namespace warren::wire
