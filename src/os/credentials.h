// SPDX-License-Identifier: Apache-2.0
//
// Who a thread is and what it may do. Raw system calls: they change the calling thread alone, as a
// child that still shares its parent's memory needs it; a C library would change every thread of
// the process.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "os/errno.h"

namespace warren::os {

// setns(2). `type` is one CLONE_NEW* flag.
[[nodiscard]] KernelResult<> enter_namespace(int ns, int type) noexcept;

// unshare(2).
[[nodiscard]] KernelResult<> unshare(std::uint64_t flags) noexcept;

// sethostname(2).
[[nodiscard]] KernelResult<> set_hostname(const char* name) noexcept;

// setresgid(2), then setresuid(2).
[[nodiscard]] KernelResult<> become_user(uid_t uid, gid_t gid) noexcept;

// setgroups(2).
[[nodiscard]] KernelResult<> set_groups(std::span<const std::uint32_t> groups) noexcept;

// capset(2): permitted and effective become `mask`, inheritable and ambient become empty.
[[nodiscard]] KernelResult<> set_capabilities(std::uint64_t mask) noexcept;

// prctl(2) PR_CAPBSET_DROP of everything that is not in `keep`.
[[nodiscard]] KernelResult<> drop_bounding(std::uint64_t keep) noexcept;

// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING: a new, empty session keyring.
[[nodiscard]] KernelResult<> join_new_session_keyring() noexcept;

// prctl(2) PR_SET_NO_NEW_PRIVS.
[[nodiscard]] KernelResult<> forbid_new_privileges() noexcept;

// seccomp(2) SECCOMP_SET_MODE_FILTER. `filter` is an array of struct sock_filter.
[[nodiscard]] KernelResult<> install_filter(std::span<const std::byte> filter) noexcept;

}  // namespace warren::os
