// SPDX-License-Identifier: Apache-2.0

#include "plan/compile.h"

#include <gmock/gmock.h>
#include <linux/mount.h>
#include <sched.h>

#include <climits>
#include <cstring>

#include "plan/format.h"
#include "plan/plan_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::plan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::Not;

LaunchPlan compiled(const model::JobSpec& spec, const Resources& resources = small_host()) {
  return compile(spec, small_image(), resources).value();
}

std::vector<std::string> command_of(const LaunchPlan& plan) {
  return only(plan.process, Op::kExecute).value().texts;
}

std::size_t position_of(const std::vector<Step>& steps, const Step& step) {
  return static_cast<std::size_t>(std::ranges::find(steps, step) - steps.begin());
}

constexpr Step enter(Slot slot, std::uint64_t type) {
  return {.op = Op::kEnterNamespace, .slot = slot, .a = type};
}

TEST(IsolatedSandbox, StopsMountEventsBeforeItAttachesAnything) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto mounts = position_of(steps, {.op = Op::kUnshare, .a = CLONE_NEWNS});
  const auto is_private = position_of(steps, {.op = Op::kPrivateMounts});
  const auto attached = std::ranges::find(steps, Op::kAttach, &Step::op);
  ASSERT_NE(attached, steps.end());
  EXPECT_LT(mounts, is_private);
  EXPECT_LT(is_private, position_of(steps, *attached));
}

TEST(IsolatedSandbox, MakesWhatNeedsTheHostsRootBeforeItEntersTheUserNamespace) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto entered = position_of(steps, enter(Slot::kUsers, CLONE_NEWUSER));
  ASSERT_LT(entered, steps.size());
  EXPECT_LT(last_of(steps, Op::kMakeDevice), entered);
  EXPECT_LT(last_of(steps, Op::kSetHostname), entered);
  EXPECT_LT(last_of(steps, Op::kJoinCgroup), entered);
}

TEST(IsolatedSandbox, ShowsTheNetworkNamespaceItIsInThroughSysfs) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto sysfs = std::ranges::find_if(steps, [](const Step& step) {
    return step.op == Op::kNewFilesystem && step.texts.front() == "sysfs";
  });
  ASSERT_NE(sysfs, steps.end());
  EXPECT_LT(position_of(steps, enter(Slot::kNetwork, CLONE_NEWNET)), position_of(steps, *sysfs));
}

TEST(IsolatedSandbox, EntersTheUserNamespaceBeforeItMountsTheOverlay) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto overlay = std::ranges::find_if(steps, [](const Step& step) {
    return step.op == Op::kNewFilesystem && step.texts.front() == "overlay";
  });
  ASSERT_NE(overlay, steps.end());
  const auto entered = position_of(steps, enter(Slot::kUsers, CLONE_NEWUSER));
  const auto root = position_of(steps, {.op = Op::kBecomeUser, .a = 0, .b = 0});
  const auto mounts = position_of(steps, {.op = Op::kUnshare, .a = CLONE_NEWNS});
  EXPECT_LT(entered, root);
  EXPECT_LT(root, mounts);
  EXPECT_LT(mounts, position_of(steps, *overlay));
}

TEST(IsolatedSandbox, RefusesARootThatIsReadOnlyBeforeAnythingStandsOnIt) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto check =
      position_of(steps, {.op = Op::kRequireWritable,
                          .slot = static_cast<Slot>(static_cast<int>(Slot::kFirstMount) + 6)});
  const auto attached = std::ranges::find_if(steps, [](const Step& step) {
    return step.op == Op::kAttach && step.texts.front() == "/mnt";
  });
  ASSERT_NE(attached, steps.end());
  EXPECT_LT(check, position_of(steps, *attached));
}

TEST(IsolatedSandbox, DropsCapabilitiesAfterEveryMount) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto dropped = first_of(steps, Op::kDropBounding);
  ASSERT_LT(dropped, steps.size());
  for (const Op op : {Op::kNewFilesystem, Op::kCloneMount, Op::kAttach, Op::kMask, Op::kPivotRoot,
                      Op::kEnterNamespace, Op::kUnshare}) {
    EXPECT_LT(last_of(steps, op), dropped) << name_of(op);
  }
}

TEST(IsolatedSandbox, GivesUpItsDescriptorsOfTheHostOnceItIsInItsRoot) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto pivoted = first_of(steps, Op::kPivotRoot);
  std::vector<bool> closed(kSlotCount);
  for (std::size_t index = pivoted; index < steps.size(); ++index) {
    if (steps[index].op != Op::kCloseSlot) continue;
    for (std::size_t slot = 0; slot < steps[index].a; ++slot) {
      closed.at(static_cast<std::size_t>(steps[index].slot) + slot) = true;
    }
  }
  for (const Slot slot :
       {Slot::kNetwork, Slot::kUsers, Slot::kPool, Slot::kInitTasks, Slot::kFirstMount}) {
    EXPECT_TRUE(closed[static_cast<std::size_t>(slot)]) << static_cast<int>(slot);
  }
  for (const Slot slot : {Slot::kNull, Slot::kListener, Slot::kWorkGroup, Slot::kWorkTasks,
                          Slot::kKillFile, Slot::kStdoutLog, Slot::kRecord}) {
    EXPECT_FALSE(closed[static_cast<std::size_t>(slot)]) << static_cast<int>(slot);
  }
  EXPECT_TRUE(closed[kSlotCount - 1]);
}

TEST(IsolatedSandbox, ShowsTreesOfTheHostReadOnly) {
  const auto steps = compiled(job({"true"})).sandbox;
  const auto tree = std::ranges::find_if(steps, [](const Step& step) {
    return step.op == Op::kCloneMount && step.texts.front() == "/host/usr";
  });
  ASSERT_NE(tree, steps.end());
  EXPECT_EQ(tree->a & 1U, 1U) << "MOUNT_ATTR_RDONLY";
}

TEST(IsolatedSandbox, CoversTheMemoryOfTheHostWithAReadOnlyFileOfItsDirectory) {
  const auto is_cover = [](const Step& step) {
    return step.op == Op::kCloneMount && step.texts.front() == "layers/box/meminfo";
  };
  const auto steps = compiled(job({"true"})).sandbox;
  const auto cover = std::ranges::find_if(steps, is_cover);
  ASSERT_NE(cover, steps.end());
  EXPECT_EQ(cover->other, Slot::kPool);
  EXPECT_NE(cover->a & MOUNT_ATTR_RDONLY, 0U);
  const auto proc = std::ranges::find_if(steps, [](const Step& step) {
    return step.op == Op::kNewFilesystem && step.texts.front() == "proc";
  });
  const auto attached = position_of(
      steps, {.op = Op::kAttach, .slot = cover->slot, .other = proc->slot, .texts = {"meminfo"}});
  EXPECT_LT(position_of(steps, *cover), attached);
  EXPECT_LT(attached, first_of(steps, Op::kPivotRoot));

  Resources unlimited = small_host();
  unlimited.has_meminfo = false;
  const auto plain = compile(job({"true"}), small_image(), unlimited).value().sandbox;
  EXPECT_EQ(plain.size(), steps.size() - 2);
  EXPECT_TRUE(std::ranges::none_of(plain, is_cover));
}

TEST(IsolatedSandbox, KillsItsProcessesThroughItsPidNamespace) {
  const auto end = only(compiled(job({"true"})).sandbox, Op::kOnEndKill).value();
  EXPECT_EQ(end.slot, Slot::kNone);
  EXPECT_EQ(end.a, 1U);
}

TEST(HostSandbox, HasNoNamespaceMountOrNameOfItsOwn) {
  const LaunchPlan plan = compiled(host_job({"true"}));
  EXPECT_THAT(ops_of(plan.sandbox),
              ElementsAre(Op::kJoinCgroup, Op::kBecomeSubreaper, Op::kOnEndKill));
  EXPECT_THAT(ops_of(plan.process),
              AllOf(Not(Contains(Op::kUnshare)), Not(Contains(Op::kEnterNamespace)),
                    Not(Contains(Op::kSeccomp))));
}

TEST(HostSandbox, KillsItsProcessesThroughItsCgroup) {
  const auto end = only(compiled(host_job({"true"})).sandbox, Op::kOnEndKill).value();
  EXPECT_EQ(end.slot, Slot::kKillFile);
  EXPECT_EQ(end.a, 0U);
}

TEST(HostSandbox, LeavesKillingToTheEngineWhereTheKernelHasNoKillFile) {
  Resources resources = small_host();
  resources.has_kill_file = false;
  EXPECT_THAT(ops_of(compiled(host_job({"true"}), resources).sandbox),
              Not(Contains(Op::kOnEndKill)));
}

TEST(AnySandbox, EndsWithTheEngineOnlyWhereThatIsAskedFor) {
  for (model::JobSpec spec : {job({"true"}), host_job({"true"})}) {
    EXPECT_THAT(ops_of(compiled(spec).sandbox), Not(Contains(Op::kEndWithEngine)));
    spec.on_engine_exit = model::OnEngineExit::kKill;
    const auto ops = ops_of(compiled(spec).sandbox);
    EXPECT_EQ(ops.back(), Op::kEndWithEngine);
    EXPECT_EQ(std::ranges::count(ops, Op::kEndWithEngine), 1);
  }
}

TEST(HostSandbox, RunsAsNobody) {
  const auto user = only(compiled(host_job({"true"})).process, Op::kBecomeUser).value();
  EXPECT_EQ(user.a, 65534U);
  EXPECT_EQ(user.b, 65534U);
}

class HostSandboxUser : public ::testing::TestWithParam<model::UserSpec> {};

TEST_P(HostSandboxUser, IsNeverRootNorInItsGroup) {
  model::JobSpec spec = host_job({"true"});
  spec.process.user = GetParam();
  EXPECT_THAT(compile(spec, small_image(), small_host()),
              test::HoldsError(Errc::kPermissionDenied, HasSubstr("host profile")));
}

INSTANTIATE_TEST_SUITE_P(Compile, HostSandboxUser,
                         ::testing::Values(model::UserSpec{"0", ""}, model::UserSpec{"root", ""},
                                           model::UserSpec{"root", "daemon"},
                                           model::UserSpec{"daemon", "root"},
                                           model::UserSpec{"1", "0"},
                                           // Without an entry, whose group would be 0.
                                           model::UserSpec{"4711", ""}));

TEST(HostSandbox, HoldsNoGroupBesidesTheUsersOwn) {
  model::JobSpec spec = host_job({"true"});
  spec.process.user = model::UserSpec{"daemon", ""};
  EXPECT_THAT(only(compiled(spec).process, Op::kSetGroups).value().data, IsEmpty());
}

TEST(Command, EntersItsCgroupsBeforeAnythingElseOfItsOwn) {
  const auto steps = compiled(job({"true"})).process;
  const auto spawned = first_of(steps, Op::kSpawn);
  EXPECT_EQ(steps[spawned].slot, Slot::kWorkGroup);
  EXPECT_EQ(steps[spawned + 1].op, Op::kJoinCgroup);
  EXPECT_EQ(steps[spawned + 2].op, Op::kJoinCgroup);
  EXPECT_EQ(steps[spawned + 3], (Step{.op = Op::kUnshare, .a = CLONE_NEWCGROUP}));
}

TEST(Command, IsSpawnedWhereInitIsWhenThereIsNoUnifiedGroup) {
  Resources resources = small_host();
  resources.has_work_group = false;
  EXPECT_EQ(only(compiled(job({"true"}), resources).process, Op::kSpawn).value().slot, Slot::kNone);
}

TEST(Command, LosesItsPrivilegesInTheOrderInWhichTheyAreNeeded) {
  const auto steps = compiled(job({"true"})).process;
  const std::vector<Op> order{Op::kSetGroups,       Op::kBecomeUser,      Op::kSetCapabilities,
                              Op::kChangeDirectory, Op::kNoNewPrivileges, Op::kCloseFrom,
                              Op::kSeccomp,         Op::kExecute};
  ASSERT_GE(steps.size(), order.size());
  EXPECT_EQ(ops_of({steps.end() - static_cast<std::ptrdiff_t>(order.size()), steps.end()}), order);
}

TEST(Command, EntersItsDirectoryWithItsOwnRights) {
  for (const model::JobSpec& spec : {job({"true"}), host_job({"true"})}) {
    const auto steps = compiled(spec).process;
    EXPECT_GT(first_of(steps, Op::kChangeDirectory), first_of(steps, Op::kBecomeUser));
    EXPECT_GT(first_of(steps, Op::kChangeDirectory), first_of(steps, Op::kSetCapabilities));
  }
}

TEST(Command, HoldsCapabilitiesOnlyAsTheSandboxsRoot) {
  EXPECT_EQ(only(compiled(job({"true"})).process, Op::kSetCapabilities).value().a, 0x4fbU);
  model::JobSpec other = job({"true"});
  other.process.user = model::UserSpec{"daemon", ""};
  EXPECT_EQ(only(compiled(other).process, Op::kSetCapabilities).value().a, 0U);
  EXPECT_EQ(only(compiled(host_job({"true"})).process, Op::kSetCapabilities).value().a, 0U);
}

TEST(Command, HoldsTheGroupsOfItsUserInTheImage) {
  model::JobSpec spec = job({"true"});
  spec.process.user = model::UserSpec{"daemon", ""};
  const auto data = only(compiled(spec).process, Op::kSetGroups).value().data;
  std::uint32_t group = 0;
  ASSERT_EQ(data.size(), sizeof group);
  std::memcpy(&group, data.data(), sizeof group);
  EXPECT_EQ(group, 8U);
}

TEST(Command, IsBoundToItsCoresAndToNoneWhenItMayUseAll) {
  Resources resources = small_host();
  EXPECT_THAT(ops_of(compiled(job({"true"}), resources).process), Not(Contains(Op::kSetAffinity)));
  resources.affinity = {1, 3};
  const auto bound = only(compiled(job({"true"}), resources).process, Op::kSetAffinity).value();
  EXPECT_EQ(bound.data.size(), 2 * sizeof(std::uint32_t));
}

TEST(Command, IsLookedUpAlongPathWhenItHasNoSlash) {
  EXPECT_THAT(command_of(compiled(job({"ls", "-l"}))),
              ElementsAre("/usr/local/bin/ls", "/usr/bin/ls", "/bin/ls", "ls", "-l", "HOME=/root",
                          "PATH=/usr/local/bin:/usr/bin:/bin"));
}

TEST(Command, IsTakenAsItIsWhenItHasASlash) {
  const auto step = only(compiled(job({"./run", "x"})).process, Op::kExecute).value();
  EXPECT_THAT(step.texts, ElementsAre("./run", "./run", "x", "HOME=/root",
                                      "PATH=/usr/local/bin:/usr/bin:/bin"));
  EXPECT_EQ(step.a, 2U);
  EXPECT_EQ(step.b, 2U);
}

TEST(Command, IsLookedUpAlongThePathOfItsOwnEnvironment) {
  model::JobSpec spec = job({"ls"});
  spec.process.env = {{"PATH", ":/opt/bin::"}};
  EXPECT_THAT(command_of(compiled(spec)),
              ElementsAre("/opt/bin/ls", "ls", "HOME=/root", "PATH=:/opt/bin::"));
}

// Both are within the bounds of a spec, and multiplied they could be gigabytes.
TEST(Command, IsNotLookedUpMoreOftenThanAPlanCanSay) {
  model::JobSpec spec = job({std::string(NAME_MAX, 'x')});
  for (int count = 0; count < 60'000; ++count) spec.process.env["PATH"] += "a:";
  EXPECT_LE(command_of(compiled(spec)).size(), kMostTexts + 4);
  EXPECT_FALSE(encode(compiled(spec)));
  spec.process.argv = {std::string(NAME_MAX + 1, 'x')};
  EXPECT_EQ(command_of(compiled(spec)).size(), 4U);
}

TEST(Command, KeepsTheEnvironmentItWasGiven) {
  model::JobSpec spec = job({"/bin/env"});
  spec.process.env = {{"A", "1"}, {"HOME", "/tmp"}, {"PATH", ""}};
  EXPECT_THAT(command_of(compiled(spec)),
              ElementsAre("/bin/env", "/bin/env", "A=1", "HOME=/tmp", "PATH="));
}

TEST(Command, StartsInTheDirectoryOfItsProfileUnlessItNamesOne) {
  const auto directory = [](const model::JobSpec& spec) {
    return only(compiled(spec).process, Op::kChangeDirectory).value().texts.front();
  };
  EXPECT_EQ(directory(job({"true"})), "/work");
  EXPECT_EQ(directory(host_job({"true"})), "/");
  model::JobSpec elsewhere = job({"true"});
  elsewhere.process.workdir = "/tmp";
  EXPECT_EQ(directory(elsewhere), "/tmp");
}

TEST(Command, WritesMergedStreamsIntoOnePipe) {
  model::JobSpec spec = job({"true"});
  spec.process.streams = model::Streams::kMerged;
  const auto steps = compiled(spec).process;
  EXPECT_EQ(only(steps, Op::kOpenPipes).value().other, Slot::kNone);
  EXPECT_THAT(steps, Contains(Step{.op = Op::kInstall, .slot = Slot::kStdoutPipe, .a = 1}));
  EXPECT_THAT(steps, Contains(Step{.op = Op::kInstall, .slot = Slot::kStdoutPipe, .a = 2}));
}

TEST(Command, WritesSeparateStreamsIntoTwoPipes) {
  const auto steps = compiled(job({"true"})).process;
  EXPECT_EQ(only(steps, Op::kOpenPipes).value().other, Slot::kStderrPipe);
  EXPECT_THAT(steps, Contains(Step{.op = Op::kInstall, .slot = Slot::kStdoutPipe, .a = 1}));
  EXPECT_THAT(steps, Contains(Step{.op = Op::kInstall, .slot = Slot::kStderrPipe, .a = 2}));
}

TEST(Command, ReadsNothingUnlessItAskedForInput) {
  const auto without = compiled(job({"true"})).process;
  EXPECT_EQ(only(without, Op::kOpenInput), std::nullopt);
  EXPECT_THAT(without, Contains(Step{.op = Op::kInstall, .slot = Slot::kNull, .a = 0}));
  model::JobSpec spec = job({"cat"});
  spec.process.input = model::Input::kPipe;
  const auto with = compiled(spec).process;
  EXPECT_EQ(only(with, Op::kOpenInput).value().slot, Slot::kInput);
  EXPECT_THAT(with, Contains(Step{.op = Op::kInstall, .slot = Slot::kInput, .a = 0}));
}

TEST(Compile, SaysWhichUserIsNotInTheImage) {
  model::JobSpec spec = job({"true"});
  spec.process.user = model::UserSpec{"alice", ""};
  EXPECT_THAT(compile(spec, small_image(), small_host()),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("no user 'alice'")));
}

TEST(Compile, GivesTheSamePlanForTheSameInput) {
  EXPECT_EQ(compiled(job({"true"})), compiled(job({"true"})));
}

TEST(Op, HasANameForEachNumberOnce) {
  for (const OpName& entry : kOpNames) EXPECT_STREQ(name_of(entry.op), entry.name);
  EXPECT_EQ(name_of(Op{}), nullptr);
}

}  // namespace
}  // namespace warren::plan
