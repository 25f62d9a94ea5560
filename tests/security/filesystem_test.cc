// SPDX-License-Identifier: Apache-2.0
//
// S1 to S5 and S11: what can be reached by a name or a descriptor.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "os/context.h"
#include "provider/local/init_launcher.h"
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

// Those that also succeed without any sandbox: this kernel has what they attack.
Attacks possible(const Attacks& attacks) {
  Attacks found;
  for (const Verdict& verdict : attack_on_host(attacks)) {
    if (verdict.result == "succeeded") found.push_back(verdict.attack);
  }
  return found;
}

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
  const auto sealed = provider::seal_in_memory("warren-init", content);
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
  const Amendment leaking = all_of({leak(Slot::kWorkGroup, 9), without({Op::kCloseFrom})});
  EXPECT_THAT(attack_amended(leaking, {"leave-by-descriptor"}), Each(Succeeded()));
}

TEST_F(S2_Descriptors, NoWorkingDirectoryLeadsOutOfTheRoot) {
  int refused_as_outside = 0;
  for (int fd = 0; fd < 64; ++fd) {
    for (const char* format : {"/proc/self/fd/{}", "/proc/self/fd/{}/../.."}) {
      model::JobSpec spec = shell("pwd; ls -d /proc/self/cwd/work");
      spec.process.workdir = fmt::format(fmt::runtime(format), fd);
      const Outcome outcome = runner().run(spec);
      if (outcome.started) {
        EXPECT_THAT(outcome.out, StartsWith("/")) << *spec.process.workdir;
      }
      if (outcome.ended.message.ends_with(os::message({EXDEV}))) ++refused_as_outside;
    }
  }
  // At least one of them was a directory of the host: the check has decided, not the number.
  EXPECT_GT(refused_as_outside, 0);
}

TEST_F(S2_Descriptors, NoProgramOutsideTheRootCanBeExecuted) {
  const auto first_that_ran = [] {
    for (int fd = 3; fd < 64; ++fd) {
      model::JobSpec spec;
      spec.process.argv = {
          fmt::format("/proc/self/fd/{}/../../../../../../../../../../bin/true", fd)};
      if (runner().run(spec).exit_code() == 0) return fd;
    }
    return -1;
  };
  EXPECT_EQ(first_that_ran(), -1);
  amend(without({Op::kCloseFrom}));
  EXPECT_NE(first_that_ran(), -1);
}

class S4_Procfs : public AttackTest {};

TEST_F(S4_Procfs, CannotBeReplacedUncoveredOrMadeWritable) {
  const Attacks attacks{"mount=tmpfs", "mount=proc", "make-writable=/proc/sys",
                        "unmount=/proc/keys"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(without({Op::kSeccomp}), attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(with_all_capabilities(), attacks), Each(Refused()));
  // The filter and the missing capability each hold; without both it is the host's root again.
  const Amendment open = all_of({as_host_root, without({Op::kSeccomp})});
  EXPECT_THAT(attack_amended(open, attacks), Each(Succeeded()));
}

class S5_ProcAndSys : public AttackTest {};

TEST_F(S5_ProcAndSys, FilesThatTellOfTheHostCannotBeRead) {
  Attacks attacks;
  for (const char* name :
       {"kcore", "keys", "key-users", "timer_list", "kallsyms", "kpagecount", "kpageflags",
        "kpagecgroup", "vmallocinfo", "slabinfo", "pagetypeinfo", "latency_stats", "sched_debug"}) {
    attacks.push_back(fmt::format("read=/proc/{}", name));
  }
  EXPECT_THAT(attack(attacks), Each(Refused()));
  const Attacks there = possible(attacks);
  ASSERT_THAT(there, Not(IsEmpty()));
  // Most of them are for the host's root alone, whom the user namespace keeps away as well.
  EXPECT_THAT(attack_amended(as_host_root, there), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kMask})}), there),
              Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, FilesThatEverybodyMayReadAreKeptByTheMaskAlone) {
  const Attacks attacks = possible({"read=/proc/key-users", "read=/proc/kallsyms"});
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(without({Op::kMask}), attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, SwitchesOfTheKernelCannotBeWritten) {
  const Attacks attacks = possible(
      {"open-for-writing=/proc/sysrq-trigger", "rewrite=/proc/sys/kernel/core_pattern",
       "rewrite=/proc/sys/vm/swappiness", "open-for-writing=/proc/irq/default_smp_affinity",
       "open-for-writing=/proc/fs/nfsd/versions"});
  ASSERT_THAT(attacks, Not(IsEmpty()));
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // They belong to the host's root, and are read-only or masked even for it.
  EXPECT_THAT(attack_amended(as_host_root, attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(
                  all_of({as_host_root, without({Op::kMask}), without_mounts_on("proc")}), attacks),
              Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, SysfsIsReadOnly) {
  const Attacks attacks = possible({"rewrite=/sys/kernel/profiling",
                                    "open-for-writing=/sys/kernel/mm/transparent_hugepage/enabled",
                                    "open-for-writing=/sys/kernel/uevent_helper"});
  ASSERT_THAT(attacks, Not(IsEmpty()));
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(as_host_root, attacks), Each(Refused()));
  const Amendment open = all_of({as_host_root, without_attributes("sysfs", MOUNT_ATTR_RDONLY)});
  EXPECT_THAT(attack_amended(open, attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, DirectoriesOfFirmwareAndPowerAreEmpty) {
  const Attacks attacks = possible({"list=/sys/firmware", "list=/sys/devices/virtual/powercap",
                                    "list=/proc/acpi", "list=/proc/scsi"});
  ASSERT_THAT(attacks, Not(IsEmpty()));
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(without({Op::kMask}), attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, CgroupsCannotBeMounted) {
  const Attacks attacks = possible({"mount=cgroup2"});
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kSeccomp})}), attacks),
              Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, NoReleaseAgentCanBeSet) {
  const Attacks attacks = possible({"release-agent=pids", "release-agent=memory"});
  if (attacks.empty()) GTEST_SKIP() << "this host mounts no cgroups of version 1";
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // The file is at the root of the hierarchy only, which the cgroup namespace hides.
  const Amendment open = all_of({as_host_root, without({Op::kSeccomp}), [](plan::LaunchPlan& plan) {
                                   std::erase_if(plan.process, [](const plan::Step& step) {
                                     return step.op == Op::kUnshare;
                                   });
                                 }});
  EXPECT_THAT(attack_amended(open, attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, DeviceNodesCannotBeMadeOrUsed) {
  EXPECT_THAT(attack({"make-device"}), Each(Refused()));
  EXPECT_THAT(attack_amended(as_host_root, {"make-device"}), Each(Succeeded()));
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
  ASSERT_THAT(possible({"exists=" + logs}), Not(IsEmpty()));
  EXPECT_THAT(attack({"exists=" + logs}), Each(Refused()));
  // Without a root of its own the command sees the host's, as the host profile does.
  model::JobSpec spec = shell("ls -d " + logs);
  spec.sandbox.profile = model::Profile::kHost;
  EXPECT_THAT(runner().run(spec).err, HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace warren::test
