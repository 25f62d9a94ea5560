// SPDX-License-Identifier: Apache-2.0
//
// Connections into a sandbox, whatever listens there.

#include <gmock/gmock.h>

#include <cerrno>
#include <string>

#include "tests/integration/init_talk.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using plan::MessageType;

void dial(InitPartner& init, std::uint32_t request, std::uint16_t port) {
  init.tell(MessageType::kDial,
            plan::Dial{.head = {}, .request = request, .port = port, .reserved = 0});
}

Heard<plan::DialedEvent> hear_dialed(InitPartner& init, std::uint32_t request) {
  auto dialed = init.hear<plan::DialedEvent>(MessageType::kDialed);
  EXPECT_EQ(dialed.message.request, request);
  EXPECT_EQ(dialed.fds.size(), dialed.message.error == 0 ? 1U : 0U);
  return dialed;
}

TEST(InitDial, ConnectsToAPortOfTheSandbox) {
  InitPartner init(
      plan_of_python("server = socket.create_server(('127.0.0.1', 8080))\n"
                     "print('listening', flush=True)\n"
                     "caller, _ = server.accept()\n"
                     "caller.sendall(b'hello ' + caller.recv(5))\n"));
  const auto started = hear_started(init);
  std::ignore = init.await_output("listening\n");
  dial(init, 77, 8080);
  const auto dialed = hear_dialed(init, 77);
  ASSERT_EQ(dialed.message.error, 0);
  write_to(dialed.fds[0], "there");
  EXPECT_EQ(read_all(dialed.fds[0]), "hello there");
  EXPECT_EQ(hear_exit(init), 0);
}

TEST(InitDial, FindsWhatListensOnIpv6Alone) {
  InitPartner init(
      plan_of_python("server = socket.create_server(('::1', 8080), family=socket.AF_INET6)\n"
                     "print('listening', flush=True)\n"
                     "server.accept()[0].sendall(b'six')\n"));
  const auto started = hear_started(init);
  std::ignore = init.await_output("listening\n");
  dial(init, 1, 8080);
  const auto dialed = hear_dialed(init, 1);
  ASSERT_EQ(dialed.message.error, 0);
  EXPECT_EQ(read_all(dialed.fds[0]), "six");
}

TEST(InitDial, SaysThatAPortIsClosed) {
  InitPartner init(plan_of_shell("cat"));
  const auto started = hear_started(init);
  dial(init, 5, 8080);
  EXPECT_EQ(hear_dialed(init, 5).message.error, ECONNREFUSED);
  dial(init, 6, 0);
  EXPECT_EQ(hear_dialed(init, 6).message.error, ECONNREFUSED);
}

// A server with room for one caller, which it never accepts; then as much output as it is told to.
constexpr const char* kDeafServer =
    "server = socket.create_server(('127.0.0.1', 8080), backlog=0)\n"
    "print('listening', flush=True)\n"
    "for line in sys.stdin:\n"
    "  print('x' * int(line) + ' done', flush=True)\n";

TEST(InitDial, HoldsUpNothingWhileAListenerDoesNotAnswer) {
  InitPartner init(plan_of_python(kDeafServer));
  const os::UniqueFd input = input_of(hear_started(init));
  std::ignore = init.await_output("listening\n");
  dial(init, 1, 8080);
  ASSERT_EQ(hear_dialed(init, 1).message.error, 0);  // Into the backlog, which is full then.
  dial(init, 2, 8080);
  write_to(input, "1000000\n");
  EXPECT_EQ(init.await_output(" done\n").size(),
            std::string("listening\n done\n").size() + 1'000'000);
  init.expect_alive();
  EXPECT_EQ(hear_dialed(init, 2).message.error, ETIMEDOUT);
}

TEST(InitDial, IsBounded) {
  InitPartner init(plan_of_python(kDeafServer));
  const auto started = hear_started(init);
  std::ignore = init.await_output("listening\n");
  dial(init, 1, 8080);
  ASSERT_EQ(hear_dialed(init, 1).message.error, 0);
  for (std::uint32_t request = 2; request < 2 + plan::kMostDials; ++request) {
    dial(init, request, 8080);
  }
  dial(init, 99, 8080);
  EXPECT_EQ(hear_dialed(init, 99).message.error, EAGAIN);
  // Those that are under way belong to the engine that asked for them.
  const std::size_t before = init.descriptors_of_init();
  init.attach_again();
  std::ignore = init.hear<plan::StateEvent>(MessageType::kState);
  std::ignore = hear_started(init);
  EXPECT_EQ(init.descriptors_of_init(), before - plan::kMostDials);
  dial(init, 3, 8081);
  EXPECT_EQ(hear_dialed(init, 3).message.error, ECONNREFUSED);
}

TEST(SandboxDial, ReachesWhatListensInTheSandboxAlone) {
  SandboxRunner runner;
  model::JobSpec spec;
  spec.process.argv = {"python3", "-c",
                       "import socket\n"
                       "server = socket.create_server(('127.0.0.1', 8080))\n"
                       "print('listening', flush=True)\n"
                       "server.accept()[0].sendall(b'inside')\n"};
  Running running = runner.start(spec);
  std::ignore = runner.await_output(running, "listening\n");
  EXPECT_EQ(runner.dial(running, 8081).error().message, "dialing: Connection refused");
  const auto connection = runner.dial(running, 8080);
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(read_all(*connection), "inside");
  EXPECT_EQ(runner.wait(running).wait_status, 0);
  EXPECT_EQ(runner.dial(running, 8080).error().code, Errc::kUnavailable);
  EXPECT_EQ(runner.finish(std::move(running)).exit_code(), 0);
}

}  // namespace
}  // namespace warren::test
