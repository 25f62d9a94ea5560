// SPDX-License-Identifier: Apache-2.0
//
// Processes by descriptor. A pid is only a name; signals and waits go through a pidfd wherever one
// exists.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

struct Child {
  pid_t pid = 0;
  UniqueFd pidfd;
};

struct SpawnOptions {
  std::uint64_t flags = 0;  // CLONE_NEW* and CLONE_FILES; see clone(2).
  int cgroup = -1;          // Directory of a version 2 cgroup to begin in, or -1.
};

// clone3(2) with CLONE_VM | CLONE_VFORK | CLONE_PIDFD: the child runs entry(argument) on `stack` in
// the caller's memory, and the calling thread waits until the child has executed a program or
// exited with what entry() returned. entry() must confine itself to system calls.
[[nodiscard]] KernelResult<Child> spawn(const SpawnOptions& options, int (*entry)(void*),
                                        void* argument, std::span<std::byte> stack) noexcept;

// pidfd_send_signal(2).
[[nodiscard]] KernelResult<> send_signal(int pidfd, int signal) noexcept;

// pidfd_open(2).
[[nodiscard]] KernelResult<UniqueFd> open_process(pid_t pid) noexcept;

struct Reaped {
  pid_t pid = 0;  // 0: children are alive, none has ended.
  int wait_status = 0;
};

// waitpid(2) for any child, without waiting. ECHILD when there is none.
[[nodiscard]] KernelResult<Reaped> reap_any() noexcept;

// execveat(2) of the file behind `program`. Returns only on failure.
[[nodiscard]] Errno execute(int program, char* const* argv, char* const* envp) noexcept;

// close_range(2) from `first` on. With kUnshare the caller first gets a descriptor table of its
// own, into which nothing from `first` on is copied: its cost does not grow with the table that is
// left behind.
enum class Unshare : bool { kNo, kYes };
[[nodiscard]] KernelResult<> close_from(unsigned first, Unshare unshare) noexcept;

// close_range(2) with CLOSE_RANGE_CLOEXEC: they are closed when the caller executes a program,
// which may be one of them.
[[nodiscard]] KernelResult<> close_on_exec_from(unsigned first) noexcept;

// prctl(2) PR_SET_NAME: a program that was executed from memory has the number of a descriptor for
// a name until it says its own.
void name_this_process(const char* name) noexcept;

// prctl(2) PR_SET_DUMPABLE: until the caller executes a program nobody dumps its memory, and no
// other process of its user reads or traces it. For whoever has a key in there.
[[nodiscard]] KernelResult<> keep_memory_private() noexcept;

// rt_sigaction(2): SIG_DFL for every signal. Of the kernel's 64, a C library leaves out the two or
// three that it uses itself, and a program keeps those that its parent ignored.
void reset_signal_dispositions() noexcept;

// prctl(2) PR_SET_CHILD_SUBREAPER.
[[nodiscard]] KernelResult<> become_subreaper() noexcept;

// sched_setaffinity(2) of the calling thread.
[[nodiscard]] KernelResult<> set_affinity(std::span<const std::uint32_t> cores) noexcept;

}  // namespace warren::os
