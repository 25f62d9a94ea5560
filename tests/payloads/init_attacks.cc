// SPDX-License-Identifier: Apache-2.0
//
// Attacks on PID 1 by the sandbox's own root.

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr pid_t kInit = 1;

int trace(const char* /*operand*/) {
  // Not PTRACE_ATTACH, which would stop init for good if this program died.
  if (::ptrace(PTRACE_SEIZE, kInit, nullptr, nullptr) != 0) return refusal();
  return kSucceeded;
}

// Where a static program of this machine is loaded, or anything else that is mapped.
int read_memory(const char* /*operand*/) {
  char byte = 0;
  const iovec local{.iov_base = &byte, .iov_len = 1};
  const iovec remote{.iov_base = reinterpret_cast<void*>(0x400000), .iov_len = 1};
  if (::process_vm_readv(kInit, &local, 1, &remote, 1, 0) >= 0) return kSucceeded;
  // EFAULT: allowed, but nothing is mapped there.
  return errno == EFAULT ? kSucceeded : refusal();
}

int write_memory(const char* /*operand*/) {
  char byte = 0;
  const iovec local{.iov_base = &byte, .iov_len = 1};
  const iovec remote{.iov_base = nullptr, .iov_len = 1};
  if (::process_vm_writev(kInit, &local, 1, &remote, 1, 0) >= 0) return kSucceeded;
  return errno == EFAULT ? kSucceeded : refusal();
}

// Init would then be unable to write the command's output and its end.
int limit_files(const char* /*operand*/) {
  const rlimit nothing{.rlim_cur = 0, .rlim_max = 0};
  return ::prlimit(kInit, RLIMIT_FSIZE, &nothing, nullptr) == 0 ? kSucceeded : refusal();
}

int lower_priority(const char* /*operand*/) {
  return ::setpriority(PRIO_PROCESS, kInit, 19) == 0 ? kSucceeded : refusal();
}

int lower_priority_of_user(const char* /*operand*/) {
  if (::setpriority(PRIO_USER, 0, 19) != 0) return refusal();
  errno = 0;
  return ::getpriority(PRIO_PROCESS, kInit) == 19 ? kSucceeded : refusal();
}

// Class 3 is "idle", shifted by 13: ioprio_set(2).
int lower_io_priority(const char* /*operand*/) {
  constexpr long kOneProcess = 1;
  constexpr long kIdle = 3L << 13;
  return ::syscall(SYS_ioprio_set, kOneProcess, kInit, kIdle) == 0 ? kSucceeded : refusal();
}

int bind_to_core(const char* /*operand*/) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  return ::sched_setaffinity(kInit, sizeof first, &first) == 0 ? kSucceeded : refusal();
}

int schedule_as_idle(const char* /*operand*/) {
  const sched_param none{.sched_priority = 0};
  return ::sched_setscheduler(kInit, SCHED_IDLE, &none) == 0 ? kSucceeded : refusal();
}

// Whoever is still here to say so has been refused.
int kill_with_everything(const char* /*operand*/) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) ::kill(kInit, signal);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, kInit, 0));
  if (pidfd >= 0) ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  siginfo_t forged{};
  forged.si_signo = SIGCHLD;
  forged.si_code = CLD_EXITED;
  forged.si_pid = ::getpid();
  ::syscall(SYS_rt_sigqueueinfo, kInit, SIGCHLD, &forged);
  return EPERM;
}

constexpr Attack kAttacks[] = {{"trace-init", trace},
                               {"read-memory-of-init", read_memory},
                               {"write-memory-of-init", write_memory},
                               {"limit-files-of-init", limit_files},
                               {"lower-priority-of-init", lower_priority},
                               {"lower-priority-of-user", lower_priority_of_user},
                               {"lower-io-priority-of-init", lower_io_priority},
                               {"bind-init-to-core", bind_to_core},
                               {"schedule-init-as-idle", schedule_as_idle},
                               {"kill-init", kill_with_everything}};

}  // namespace

std::span<const Attack> init_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
