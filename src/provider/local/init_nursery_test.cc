// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_nursery.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <vector>

namespace warren::provider {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<pid_t> children() {
  std::ifstream file("/proc/thread-self/children");
  std::vector<pid_t> pids;
  for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  return pids;
}

InitNursery nursery_for(std::size_t ready) {
  return {InitLauncher::create().value(), {}, ready};
}

TEST(InitNursery, BearsAheadAsManyAsItHasRoomFor) {
  InitNursery nursery = nursery_for(2);
  EXPECT_THAT(children(), IsEmpty());
  for (int round = 0; round < 5; ++round) nursery.refill();
  EXPECT_THAT(children(), SizeIs(2));
}

TEST(InitNursery, LacksSomeOnlyWhenHalfAreGone) {
  InitNursery nursery = nursery_for(4);
  EXPECT_EQ(nursery.missing(), 4);
  for (int round = 0; round < 4; ++round) nursery.refill();
  EXPECT_EQ(nursery.missing(), 0);
  for (const std::size_t missing : {0, 2}) {
    auto launched = nursery.launch({});
    ASSERT_TRUE(launched) << launched.error().message;
    discard(*std::move(launched));
    EXPECT_EQ(nursery.missing(), missing);
  }
}

TEST(InitNursery, HandsALaunchToTheOneThatHasWaitedLongest) {
  InitNursery nursery = nursery_for(2);
  nursery.refill();
  const auto eldest = children();
  nursery.refill();
  auto launched = nursery.launch({});
  ASSERT_TRUE(launched) << launched.error().message;
  EXPECT_THAT(eldest, ElementsAre(launched->child.pid));
  discard(*std::move(launched));
}

TEST(InitNursery, BearsOneWhereThoseThatWaitedAreDead) {
  InitNursery nursery = nursery_for(1);
  nursery.refill();
  const pid_t dead = children().at(0);
  ASSERT_EQ(::kill(dead, SIGKILL), 0);
  siginfo_t status{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(dead), &status, WEXITED | WNOWAIT), 0);
  auto launched = nursery.launch({});
  ASSERT_TRUE(launched) << launched.error().message;
  EXPECT_THAT(children(), ElementsAre(launched->child.pid)) << "a zombie is left";
  discard(*std::move(launched));
}

TEST(InitNursery, BearsOneWhereNoneWaits) {
  InitNursery nursery = nursery_for(0);
  nursery.refill();
  EXPECT_THAT(children(), IsEmpty());
  auto launched = nursery.launch({});
  ASSERT_TRUE(launched) << launched.error().message;
  discard(*std::move(launched));
}

TEST(InitNursery, LeavesNobodyBehind) {
  {
    InitNursery nursery = nursery_for(2);
    nursery.refill();
    nursery.refill();
  }
  EXPECT_THAT(children(), IsEmpty());
}

TEST(InitNursery, OneThatWaitsEndsWithWhoKnewOfIt) {
  const InitLauncher launcher = InitLauncher::create().value();
  NewbornInit init = launcher.bear({}).value();
  init.control.reset();
  siginfo_t status{};
  EXPECT_EQ(::waitid(P_PIDFD, static_cast<id_t>(init.child.pidfd.get()), &status, WEXITED), 0);
  EXPECT_EQ(status.si_code, CLD_EXITED);
}

}  // namespace
}  // namespace warren::provider
