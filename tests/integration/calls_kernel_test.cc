// SPDX-License-Identifier: Apache-2.0
//
// Calls out of a sandbox: the socket that init listens on, and how many callers it passes on.

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/init_talk.h"

namespace warren::test {
namespace {

using plan::MessageType;
using ::testing::EndsWith;
using ::testing::SizeIs;

void accept(InitPartner& init, std::uint32_t connections) {
  init.tell(MessageType::kAccept,
            plan::Accept{.head = {}, .connections = connections, .reserved = 0});
}

os::UniqueFd hear_accepted(InitPartner& init) {
  auto accepted = init.hear<Nothing>(MessageType::kAccepted);
  EXPECT_THAT(accepted.fds, SizeIs(1));
  return accepted.fds.empty() ? os::UniqueFd() : std::move(accepted.fds[0]);
}

// As many callers as it is told, each of which says its number and waits for an answer.
plan::LaunchPlan plan_of_callers(int count) {
  return plan_of_python(
      fmt::format("callers = []\n"
                  "for number in range({}):\n"
                  "  callers.append(socket.socket(socket.AF_UNIX))\n"
                  "  callers[-1].connect('/mnt/calls')\n"
                  "  callers[-1].sendall(b'%d' % number)\n"
                  "  callers[-1].shutdown(socket.SHUT_WR)\n"
                  "print('called', flush=True)\n"
                  "for caller in callers: print(caller.recv(9).decode(), flush=True)\n",
                  count));
}

TEST(InitAccept, PassesOnAsManyCallersAsTheEngineAsksFor) {
  InitPartner init(plan_of_callers(5));
  const auto started = hear_started(init);
  std::ignore = init.await_output("called\n");
  init.expect_alive();  // Unasked it passes on nobody.
  accept(init, 2);
  const os::UniqueFd first = hear_accepted(init);
  EXPECT_EQ(read_all(first), "0");
  const os::UniqueFd second = hear_accepted(init);
  EXPECT_EQ(read_all(second), "1");
  init.expect_alive();
  write_to(first, "welcome");
  EXPECT_THAT(init.await_output("welcome"), EndsWith("called\nwelcome\n"));
}

TEST(InitAccept, LetsCallersWaitForTheNextEngine) {
  InitPartner init(plan_of_callers(3));
  const auto started = hear_started(init);
  accept(init, 1);
  const os::UniqueFd first = hear_accepted(init);
  accept(init, 0);
  std::ignore = init.await_output("called\n");
  init.attach_again();
  std::ignore = init.hear<plan::StateEvent>(MessageType::kState);
  std::ignore = hear_started(init);
  init.expect_alive();
  accept(init, 9);
  EXPECT_EQ(read_all(hear_accepted(init)), "1");
  EXPECT_EQ(read_all(hear_accepted(init)), "2");
  // What was asked for too much belongs to this engine alone.
  init.attach_again();
  std::ignore = init.hear<plan::StateEvent>(MessageType::kState);
  std::ignore = hear_started(init);
}

TEST(InitAccept, IsBoundedUnderAFloodOfCallers) {
  InitPartner init(plan_of_callers(100));
  const auto started = hear_started(init);
  std::ignore = init.await_output("called\n");
  const std::size_t before = init.descriptors_of_init();
  // In one go, so that none is passed on in between.
  ASSERT_EQ(::kill(init.pid(), SIGSTOP), 0);
  accept(init, UINT32_MAX);
  accept(init, UINT32_MAX);
  ASSERT_EQ(::kill(init.pid(), SIGCONT), 0);
  std::vector<os::UniqueFd> accepted;
  while (accepted.size() < plan::kMostAccepts) accepted.push_back(hear_accepted(init));
  init.expect_alive();  // It passes on no other.
  EXPECT_EQ(init.descriptors_of_init(), before);
}

TEST(InitAccept, IsNothingWithoutASocket) {
  plan::LaunchPlan plan = plan_of_shell("cat");
  std::erase_if(plan.sandbox, [](const plan::Step& step) { return step.op == plan::Op::kListen; });
  InitPartner init(plan);
  const auto started = hear_started(init);
  accept(init, 3);
  init.expect_alive();
}

// The errno with which kListen fails under this name.
int error_of_listen(const std::string& name) {
  plan::LaunchPlan plan = plan_of_shell("cat");
  for (plan::Step& step : plan.sandbox) {
    if (step.op == plan::Op::kListen) step.texts = {name};
  }
  const auto listen = std::ranges::find(plan.sandbox, plan::Op::kListen, &plan::Step::op);
  plan.sandbox.insert(listen, {.op = plan::Op::kMakeSymlink,
                               .slot = plan::Slot::kFirstMount,
                               .texts = {"link", "/tmp/warren-elsewhere"}});
  InitPartner init(plan);
  const auto failed = init.hear<plan::FailedEvent>(MessageType::kFailed);
  EXPECT_EQ(failed.message.op, plan::Op::kListen);
  return failed.message.error;
}

TEST(InitListen, FollowsNoLinkAndNoPath) {
  EXPECT_EQ(error_of_listen("link"), EADDRINUSE);
  EXPECT_EQ(error_of_listen("../tmp/warren-elsewhere"), EINVAL);
  EXPECT_EQ(error_of_listen(std::string(108, 'x')), EINVAL);
  EXPECT_NE(::access("/tmp/warren-elsewhere", F_OK), 0);
}

}  // namespace
}  // namespace warren::test
