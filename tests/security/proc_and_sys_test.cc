// SPDX-License-Identifier: Apache-2.0
//
// S4 and S5: the kernel's own file systems.

#include <fmt/format.h>
#include <linux/mount.h>
#include <unistd.h>

#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

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
  const Attacks there = possible_on_host(attacks);
  ASSERT_THAT(there, Not(IsEmpty()));
  // Most of them are for the host's root alone, whom the user namespace keeps away as well.
  EXPECT_THAT(attack_amended(as_host_root, there), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kMask})}), there),
              Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, FilesThatEverybodyMayReadAreKeptByTheMaskAlone) {
  const Attacks attacks = possible_on_host({"read=/proc/kallsyms"});
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(without({Op::kMask}), attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, SwitchesOfTheKernelCannotBeWritten) {
  const Attacks attacks = possible_on_host(
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

// What stands over /proc/meminfo where memory is limited.
TEST_F(S5_ProcAndSys, TheMemoryOfTheHostCannotBeUncoveredNorThatOfTheLimitRewritten) {
  const std::string rewrite = "open-for-writing=/proc/meminfo";
  const std::string uncover = "unmount=/proc/meminfo";
  const auto attack_limited = [](const Amendment& amendment, const std::string& name) {
    amend(amendment);
    model::JobSpec spec = attacker_job({name});
    spec.sandbox.limits.memory = Bytes{std::uint64_t{64} << 20};
    const Outcome outcome = run(spec);
    amend({});
    return read_report(outcome.out);
  };
  EXPECT_THAT(attack_limited({}, rewrite), ElementsAre(Refused()));
  EXPECT_THAT(attack_limited({}, uncover), ElementsAre(Refused()));
  EXPECT_THAT(attack_limited(without({Op::kSeccomp}), uncover), ElementsAre(Refused()));
  EXPECT_THAT(attack_limited(with_all_capabilities(), uncover), ElementsAre(Refused()));

  const Amendment writable = [](plan::LaunchPlan& plan) {
    for (plan::Step& step : plan.sandbox) {
      const bool is_cover = step.op == Op::kCloneMount && step.texts.front().ends_with("/meminfo");
      if (is_cover) step.a &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    }
  };
  EXPECT_THAT(attack_limited(writable, rewrite), ElementsAre(Succeeded()));
  const Amendment open = all_of({as_host_root, without({Op::kSeccomp})});
  EXPECT_THAT(attack_limited(open, uncover), ElementsAre(Succeeded()));
}

TEST_F(S5_ProcAndSys, SysfsIsReadOnly) {
  const Attacks attacks =
      possible_on_host({"open-for-writing=/sys/kernel/mm/transparent_hugepage/enabled",
                        "open-for-writing=/sys/kernel/uevent_helper"});
  ASSERT_THAT(attacks, Not(IsEmpty()));
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(as_host_root, attacks), Each(Refused()));
  const Amendment open = all_of({as_host_root, without_attributes("sysfs", MOUNT_ATTR_RDONLY)});
  EXPECT_THAT(attack_amended(open, attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, DirectoriesOfFirmwareAndPowerAreEmpty) {
  const Attacks attacks =
      possible_on_host({"list=/sys/firmware", "list=/sys/devices/virtual/powercap",
                        "list=/proc/acpi", "list=/proc/scsi"});
  ASSERT_THAT(attacks, Not(IsEmpty()));
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(without({Op::kMask}), attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, CgroupsCannotBeMounted) {
  const Attacks attacks{"mount=cgroup2"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kSeccomp})}), attacks),
              Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, NoReleaseAgentCanBeSetOnVersionOne) {
  const Attacks attacks{"release-agent=pids"};
  if (::access("/sys/fs/cgroup/pids/release_agent", F_OK) != 0) {
    GTEST_SKIP() << "this host mounts no cgroups of version 1";
  }
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // The file is at the root of the hierarchy only, which the cgroup namespace hides.
  const Amendment in_hosts_view = [](plan::LaunchPlan& plan) {
    std::erase_if(plan.process, [](const plan::Step& step) { return step.op == Op::kUnshare; });
  };
  const Amendment open = all_of({as_host_root, without({Op::kSeccomp}), in_hosts_view});
  EXPECT_THAT(attack_amended(open, attacks), Each(Succeeded()));
}

TEST_F(S5_ProcAndSys, DeviceNodesCannotBeMadeOrUsed) {
  EXPECT_THAT(attack({"make-device"}), Each(Refused()));
  EXPECT_THAT(attack_amended(as_host_root, {"make-device"}), Each(Succeeded()));
}

}  // namespace
}  // namespace warren::test
