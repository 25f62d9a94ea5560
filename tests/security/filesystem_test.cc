// SPDX-License-Identifier: Apache-2.0
//
// S1 to S3 and S11: what can be reached by a name or a descriptor.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "os/context.h"
#include "provider/local/init_launcher.h"
#include "rootfs/archive.h"
#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using plan::Slot;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class S1_OwnBinaries : public AttackTest {};

TEST_F(S1_OwnBinaries, InitsProgramCannotBeOpened) {
  const Attacks attacks{"read=/proc/1/exe", "open-for-writing=/proc/1/exe"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // Three things hide it: hidepid, and that init was executed in another user namespace and with
  // other capabilities than the sandbox's root has.
  const Amendment exposed = all_of({as_host_root, replace_text("hidepid=invisible", "hidepid=0")});
  EXPECT_THAT(attack_amended(exposed, {attacks.front()}), Each(Succeeded()));
}

TEST_F(S1_OwnBinaries, InitsProgramCannotBeOverwrittenByWhoHoldsIt) {
  constexpr char kForged[] = "forged";
  const auto overwrite = [&](int fd) { return ::pwrite(fd, kForged, sizeof kForged, 0); };
  const std::byte content[16] = {};
  const auto sealed = provider::seal_in_memory("warren-init", content, provider::Executable::kYes);
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(overwrite(sealed->get()), -1);
  EXPECT_EQ(errno, EPERM);
  const os::UniqueFd unsealed(::memfd_create("warren-init", MFD_CLOEXEC));
  EXPECT_EQ(overwrite(unsealed.get()), static_cast<ssize_t>(sizeof kForged));
}

// CVE-2019-5736: the command is whoever executes it, that is, init's child.
TEST_F(S1_OwnBinaries, InitExecutedAsTheCommandIsOfNoUse) {
  model::JobSpec spec;
  spec.process.argv = {"/proc/self/exe"};
  const Outcome outcome = runner().run(spec);
  EXPECT_NE(outcome.exit_code(), 0);
  EXPECT_EQ(runner().run_shell("exit 7").exit_code(), 7);
}

TEST_F(S1_OwnBinaries, ProgramsOfTheHostCannotBeOverwritten) {
  const Attacks attacks{"make-writable=/usr", "open-for-writing=/usr/bin/env"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // The mount is read-only, the filter and the missing capability keep it so.
  EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kSeccomp})}), attacks),
              Each(Succeeded()));
}

class S2_Descriptors : public AttackTest {};

TEST_F(S2_Descriptors, OnlyTheThreeStandardOnesAreInherited) {
  EXPECT_THAT(attack({"find-descriptor"}), Each(Refused()));
  // Every descriptor of init closes on execution; the plan closes all once more. One that is handed
  // over without that flag shows the second line of defence at work, and what is without it.
  const Amendment leaking = leak(Slot::kWorkGroup, 9);
  EXPECT_THAT(attack_amended(leaking, {"find-descriptor"}), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({leaking, without({Op::kCloseFrom})}), {"find-descriptor"}),
              Each(Succeeded()));
}

// CVE-2024-21626.
TEST_F(S2_Descriptors, NoDirectoryOutsideTheRootCanBeEntered) {
  EXPECT_THAT(attack({"leave-by-descriptor"}), Each(Refused()));
  // The leaked directory is a cgroup, which is closed to anybody but the host's root.
  const Amendment leaking = all_of({leak(Slot::kWorkGroup, 9), without({Op::kCloseFrom})});
  EXPECT_THAT(attack_amended(leaking, {"leave-by-descriptor"}), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({as_host_root, leaking}), {"leave-by-descriptor"}),
              Each(Succeeded()));
}

// More than init has descriptors.
constexpr int kNumbers = 40;

// While the command is prepared, init's descriptors are still open and have names.
TEST_F(S2_Descriptors, NoWorkingDirectoryLeadsOutOfTheRoot) {
  const auto refused_as_outside = [] {
    int count = 0;
    for (int fd = 0; fd < kNumbers; ++fd) {
      model::JobSpec spec = shell("readlink /proc/self/cwd");
      spec.process.workdir = fmt::format("/proc/self/fd/{}", fd);
      const Outcome outcome = runner().run(spec);
      if (outcome.started) {
        EXPECT_THAT(outcome.out, StartsWith("/")) << *spec.process.workdir;
      }
      if (outcome.ended.message.ends_with(os::message({EXDEV}))) ++count;
    }
    return count;
  };
  EXPECT_EQ(refused_as_outside(), 0);
  // The host's root could enter a directory of the host, if the step did not look where it is.
  amend(as_host_root);
  EXPECT_GT(refused_as_outside(), 0);
}

TEST_F(S2_Descriptors, NoProgramOutsideTheRootCanBeExecuted) {
  const auto one_runs = [] {
    for (int fd = 3; fd < kNumbers; ++fd) {
      model::JobSpec spec;
      spec.process.argv = {
          fmt::format("/proc/self/fd/{}/../../../../../../../../../../bin/true", fd)};
      if (runner().run(spec).exit_code() == 0) return true;
    }
    return false;
  };
  EXPECT_FALSE(one_runs());
  amend(as_host_root);
  EXPECT_FALSE(one_runs());
  amend(all_of({as_host_root, without({Op::kCloseFrom})}));
  EXPECT_TRUE(one_runs());
}

class S3_Names : public AttackTest {};

// Attaches a file system in memory at `place` of the root, where there is a link `trap` to /mnt.
Amendment attach_at(const std::string& place) {
  return [place](plan::LaunchPlan& plan) {
    constexpr auto kMemory = static_cast<Slot>(plan::kSlotCount - 1);
    const auto pivot = std::ranges::find(plan.sandbox, Op::kPivotRoot, &plan::Step::op);
    const Slot root = pivot->slot;
    plan.sandbox.insert(pivot,
                        {{.op = Op::kMakeSymlink, .slot = root, .texts = {"trap", "mnt"}},
                         {.op = Op::kNewFilesystem, .slot = kMemory, .texts = {"tmpfs"}},
                         {.op = Op::kAttach, .slot = kMemory, .other = root, .texts = {place}}});
  };
}

// CVE-2024-45310: the layer says where the mount goes.
TEST_F(S3_Names, AMountPointThatIsALinkIsNotFollowed) {
  amend(attach_at("trap"));
  const Outcome trapped = runner().run_shell("true");
  EXPECT_FALSE(trapped.started);
  EXPECT_EQ(trapped.ended.failed_stage, "attach");
  amend(attach_at("mnt"));
  EXPECT_EQ(runner().run_shell("true").exit_code(), 0);
}

TEST_F(S3_Names, AnArchiveWithALinkWritesNothingBehindIt) {
  const auto directory = runner().directory() / "names";
  const auto run = [&](const std::string& script) {
    return std::system(fmt::format("cd {} && {}", directory.string(), script).c_str());
  };
  std::filesystem::create_directory(directory);
  // First the link, then a file behind it.
  ASSERT_EQ(run("mkdir from to victim && ln -s ../victim from/out && tar cf a.tar -C from out &&"
                " rm from/out && mkdir from/out && echo attack > from/out/file &&"
                " tar rf a.tar -C from out/file"),
            0);
  const os::UniqueFd archive(::open((directory / "a.tar").c_str(), O_RDONLY | O_CLOEXEC));
  const os::UniqueFd to(::open((directory / "to").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::ignore = rootfs::unpack_archive(archive.get(), to.get(), {});
  EXPECT_FALSE(std::filesystem::exists(directory / "victim/file"));
  // By its name alone the file lands behind the link.
  ASSERT_EQ(run("rm -rf to/out && ln -s ../victim to/out && echo attack > to/out/file"), 0);
  EXPECT_TRUE(std::filesystem::exists(directory / "victim/file"));
}

class S11_Logs : public AttackTest {};

TEST_F(S11_Logs, WhatWasWrittenCannotBeTakenBack) {
  const auto forge = [] {
    model::JobSpec spec = attacker_job({"rewrite-log"});
    std::string& script = spec.process.argv.at(2);
    script = "echo first; " + script;
    return run(spec).out;
  };
  EXPECT_THAT(forge(), HasSubstr("first\n"));
  // The command gets pipes; here it gets the file itself.
  amend([](plan::LaunchPlan& plan) {
    without({Op::kOpenPipes})(plan);
    for (plan::Step& step : plan.process) {
      if (step.op == Op::kInstall && step.slot == Slot::kStdoutPipe) step.slot = Slot::kStdoutLog;
      if (step.op == Op::kInstall && step.slot == Slot::kStderrPipe) step.slot = Slot::kStderrLog;
    }
  });
  EXPECT_THAT(forge(), StartsWith("forged"));
}

TEST_F(S11_Logs, TheirDirectoryIsNotVisible) {
  const std::string logs = (runner().directory() / "state" / "logs").string();
  ASSERT_THAT(possible_on_host({"exists=" + logs}), Not(IsEmpty()));
  EXPECT_THAT(attack({"exists=" + logs}), Each(Refused()));
  // Without a root of its own the command sees the host's, as the host profile does.
  model::JobSpec spec = shell("ls -d " + logs);
  spec.sandbox.profile = model::Profile::kHost;
  EXPECT_THAT(runner().run(spec).err, HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace warren::test
