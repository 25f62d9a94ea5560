// SPDX-License-Identifier: Apache-2.0

#include "os/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tuple>

#include "os/call.h"

#ifndef __x86_64__
#error "spawn() is written for x86-64"
#endif

namespace warren::os {
namespace {

// No C library offers clone3(2) with a stack, and a call that returns twice on two stacks cannot be
// written in C++: the child must never return into the frame that it shares with its parent.
long clone_onto_stack(clone_args* arguments, int (*entry)(void*), void* argument) noexcept {
  long result;
  register auto entry_register asm("r12") = entry;
  register void* argument_register asm("r13") = argument;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r13, %%rdi\n\t"
      "callq *%%r12\n\t"
      "movl %%eax, %%edi\n\t"
      "movl %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(arguments), "S"(sizeof(clone_args)), "r"(entry_register),
        "r"(argument_register), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory");
  return result;
}

}  // namespace

KernelResult<Child> spawn(const SpawnOptions& options, int (*entry)(void*), void* argument,
                          std::span<std::byte> stack) noexcept {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | options.flags;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uint64_t>(stack.data());
  arguments.stack_size = stack.size() / 16 * 16;
  if (options.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(options.cgroup);
  }
  const long result = clone_onto_stack(&arguments, entry, argument);
  if (result < 0) return std::unexpected(Errno{static_cast<int>(-result)});
  return Child{.pid = static_cast<pid_t>(result), .pidfd = UniqueFd(pidfd)};
}

KernelResult<> send_signal(int pidfd, int signal) noexcept {
  return call([&] { return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0); });
}

KernelResult<UniqueFd> open_process(pid_t pid) noexcept {
  return call_for_fd([&] { return ::syscall(SYS_pidfd_open, pid, 0); });
}

KernelResult<Reaped> reap_any() noexcept {
  Reaped reaped;
  const auto pid =
      call_for<pid_t>([&] { return ::waitpid(-1, &reaped.wait_status, WNOHANG | __WALL); });
  if (!pid) return std::unexpected(pid.error());
  reaped.pid = *pid;
  return reaped;
}

Errno execute(int program, char* const* argv, char* const* envp) noexcept {
  ::syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
  return Errno{errno};
}

KernelResult<> close_from(unsigned first, Unshare unshare) noexcept {
  const unsigned flags = unshare == Unshare::kYes ? CLOSE_RANGE_UNSHARE : 0U;
  return call([&] { return ::syscall(SYS_close_range, first, ~0U, flags); });
}

KernelResult<> close_on_exec_from(unsigned first) noexcept {
  return call([&] { return ::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC); });
}

void name_this_process(const char* name) noexcept {
  std::ignore = call([&] { return ::prctl(PR_SET_NAME, name); });  // It is for people alone.
}

KernelResult<> keep_memory_private() noexcept {
  return call([] { return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); });
}

void reset_signal_dispositions() noexcept {
  // As the kernel lays it out: handler, flags, restorer, mask; zeros are SIG_DFL and nothing else.
  constexpr unsigned long kDefault[4] = {};
  constexpr std::size_t kMaskBytes = 8;
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal) {
    // EINVAL for SIGKILL and SIGSTOP, which nobody can ignore.
    std::ignore =
        call([&] { return ::syscall(SYS_rt_sigaction, signal, kDefault, nullptr, kMaskBytes); });
  }
}

KernelResult<> become_subreaper() noexcept {
  return call([] { return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); });
}

KernelResult<> set_affinity(std::span<const std::uint32_t> cores) noexcept {
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  unsigned long mask[4096 / kBits] = {};
  for (const std::uint32_t core : cores) {
    if (core >= 4096) return std::unexpected(Errno{EINVAL});
    mask[core / kBits] |= 1UL << (core % kBits);
  }
  return call([&] { return ::syscall(SYS_sched_setaffinity, 0, sizeof mask, mask); });
}

}  // namespace warren::os
