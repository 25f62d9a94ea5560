// SPDX-License-Identifier: Apache-2.0

#include "os/credentials.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/call.h"

namespace warren::os {

KernelResult<> enter_namespace(int ns, int type) noexcept {
  return call([&] { return ::syscall(SYS_setns, ns, type); });
}

KernelResult<> unshare(std::uint64_t flags) noexcept {
  return call([&] { return ::syscall(SYS_unshare, flags); });
}

KernelResult<> set_hostname(const char* name) noexcept {
  return call([&] { return ::syscall(SYS_sethostname, name, ::strlen(name)); });
}

KernelResult<> become_user(uid_t uid, gid_t gid) noexcept {
  const auto group = call([&] { return ::syscall(SYS_setresgid, gid, gid, gid); });
  if (!group) return group;
  return call([&] { return ::syscall(SYS_setresuid, uid, uid, uid); });
}

KernelResult<> set_groups(std::span<const std::uint32_t> groups) noexcept {
  return call([&] { return ::syscall(SYS_setgroups, groups.size(), groups.data()); });
}

KernelResult<> set_capabilities(std::uint64_t mask) noexcept {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const auto low = static_cast<std::uint32_t>(mask);
  const auto high = static_cast<std::uint32_t>(mask >> 32);
  const __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
  return call([&] { return ::syscall(SYS_capset, &header, data); });
}

KernelResult<> drop_bounding(std::uint64_t keep) noexcept {
  for (unsigned capability = 0; capability < 64; ++capability) {
    if ((keep >> capability & 1) != 0) continue;
    const auto dropped = call([&] { return ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); });
    // EINVAL: the kernel has no capability of this number, and none above it.
    if (!dropped) return dropped.error().value == EINVAL ? KernelResult<>() : dropped;
  }
  return {};
}

KernelResult<> join_new_session_keyring() noexcept {
  return call([] { return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); });
}

KernelResult<> forbid_new_privileges() noexcept {
  return call([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); });
}

KernelResult<> install_filter(std::span<const std::byte> filter) noexcept {
  // The kernel takes a pointer to non-const and does not write through it.
  auto* first = const_cast<std::byte*>(filter.data());
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                           .filter = reinterpret_cast<sock_filter*>(first)};
  return call([&] { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program); });
}

}  // namespace warren::os
