// SPDX-License-Identifier: Apache-2.0
//
// S9: what the filter refuses. Each attack runs three times: against the real plan; with the filter
// as the only defence, where everything else has been taken out; and without the filter too.

#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

class S9_SystemCalls : public AttackTest {
 protected:
  static void expect_held_by_filter(const Attacks& attacks) {
    EXPECT_THAT(attack(attacks), Each(Refused()));
    EXPECT_THAT(attack_amended(as_host_root, attacks), Each(Refused()));
    // Some calls are not in every kernel: there the filter has nothing to do.
    const Attacks known = possible_on_host(attacks);
    EXPECT_THAT(known, Not(IsEmpty()));
    EXPECT_THAT(attack_amended(all_of({as_host_root, without({Op::kSeccomp})}), known),
                Each(Succeeded()));
  }
};

Attacks calls(std::initializer_list<const char*> names) {
  Attacks attacks;
  for (const char* name : names) attacks.push_back(fmt::format("call={}", name));
  return attacks;
}

TEST_F(S9_SystemCalls, MountsAreRefused) {
  expect_held_by_filter(
      calls({"mount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree",
             "move_mount", "mount_setattr", "pivot_root", "chroot"}));
}

TEST_F(S9_SystemCalls, NamespacesAreRefused) {
  expect_held_by_filter(calls({"setns", "unshare", "clone3", "sethostname", "setdomainname"}));
}

TEST_F(S9_SystemCalls, KernelCodeAndItsPowerAreRefused) {
  expect_held_by_filter(
      calls({"init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon",
             "swapoff", "acct", "quotactl", "iopl", "ioperm", "syslog"}));
}

TEST_F(S9_SystemCalls, ClocksAreRefused) {
  expect_held_by_filter(calls({"adjtimex", "clock_adjtime", "clock_settime", "settimeofday"}));
}

TEST_F(S9_SystemCalls, InterfacesWithALongRecordOfFlawsAreRefused) {
  expect_held_by_filter(
      calls({"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
             "io_uring_register", "keyctl", "add_key", "request_key", "fanotify_init"}));
}

TEST_F(S9_SystemCalls, WaysAroundNamesAndProcessesAreRefused) {
  expect_held_by_filter(calls({"name_to_handle_at", "open_by_handle_at", "pidfd_getfd", "kcmp",
                               "process_madvise", "migrate_pages", "move_pages", "mbind"}));
}

TEST_F(S9_SystemCalls, OtherAbisAreRefused) {
  expect_held_by_filter({"call-as-32-bit", "call-as-x32"});
}

TEST_F(S9_SystemCalls, SocketsOfOtherFamiliesAreRefused) {
  Attacks attacks{"packet-socket-in-disguise"};
  for (const int family : {AF_PACKET, AF_ALG, AF_VSOCK, AF_KEY, AF_BLUETOOTH, AF_CAN, AF_TIPC,
                           AF_RDS, AF_XDP, AF_RXRPC}) {
    attacks.push_back(fmt::format("open-socket={}", family));
  }
  expect_held_by_filter(attacks);
}

TEST_F(S9_SystemCalls, NetlinkSpeaksOfRoutesAlone) {
  Attacks attacks{fmt::format("open-netlink-in-disguise={}", NETLINK_KOBJECT_UEVENT)};
  for (const int protocol : {NETLINK_SOCK_DIAG, NETLINK_XFRM, NETLINK_AUDIT, NETLINK_NETFILTER,
                             NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC, NETLINK_CRYPTO}) {
    attacks.push_back(fmt::format("open-netlink={}", protocol));
  }
  expect_held_by_filter(attacks);
  EXPECT_THAT(attack({fmt::format("open-netlink={}", NETLINK_ROUTE)}), Each(Succeeded()));
  // Programs that report to an audit if there is one take this for its absence (useradd(8)).
  const std::string audit = fmt::format("open-netlink={}", NETLINK_AUDIT);
  EXPECT_THAT(attack({audit}), Each(Verdict{audit, "EPROTONOSUPPORT"}));
}

TEST_F(S9_SystemCalls, InputCannotBePutIntoATerminal) {
  expect_held_by_filter(
      {"push-input", "push-input-in-disguise", "paste-selection", "paste-selection-in-disguise"});
}

TEST_F(S9_SystemCalls, NestedUserNamespacesCannotBeMade) {
  const Attacks attacks{"unshare-users", "clone-users", "clone-users-in-disguise"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  // Nothing but the filter stands in the way of anybody.
  EXPECT_THAT(attack_amended(without({Op::kSeccomp}), {"unshare-users", "clone-users"}),
              Each(Succeeded()));
}

TEST_F(S9_SystemCalls, AbsentCallsAreNotMerelyForbidden) {
  // C libraries fall back to older calls on ENOSYS, and only then.
  EXPECT_THAT(attack({"call=clone3"}), Each(Verdict{"call=clone3", "ENOSYS"}));
}

}  // namespace
}  // namespace warren::test
