// SPDX-License-Identifier: Apache-2.0
//
// The list of system calls of harden.h: what a whole run of the contract, security and fault tests
// needs. A call that is missing ends the process, so that they find it.

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include "gateway/harden.h"
#include "os/context.h"

namespace warren::gateway {
namespace {

constexpr std::uint32_t kEnd = SCMP_ACT_KILL_PROCESS;
constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;
// The C library then uses the older call, whose flags can be looked at.
constexpr std::uint32_t kAbsent = SCMP_ACT_ERRNO(ENOSYS);

constexpr std::array kAllowed{
    // Bytes, over what is open.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat),
    // Connections.
    // A socket that can be made can be named (bind), and never listens.
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(shutdown),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    // Waiting.
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
    // Memory and threads.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(tgkill),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
    // What it is, and chance.
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom)};

// Allowed while an argument, seen through a mask, has a value. The kernel reads these as 32 bits,
// or refuses what is above them.
struct Conditional {
  int call;
  unsigned argument;
  std::uint64_t mask;
  std::uint64_t value;
};

constexpr std::uint64_t kLowHalf = 0xffffffff;
constexpr std::uint64_t kMayChange = O_ACCMODE | O_CREAT | O_TRUNC | O_PATH | O_TMPFILE;

constexpr std::array kConditional{
    // Threads, no processes.
    Conditional{SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
    // Nothing becomes code.
    Conditional{SCMP_SYS(mmap), 2, PROT_EXEC, 0},
    Conditional{SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    // To read: certificates that were renewed, the zone of the clock.
    Conditional{SCMP_SYS(openat), 2, kMayChange & ~std::uint64_t{O_DIRECTORY}, O_RDONLY},
    Conditional{SCMP_SYS(open), 1, kMayChange & ~std::uint64_t{O_DIRECTORY}, O_RDONLY},
    Conditional{SCMP_SYS(ioctl), 1, kLowHalf, FIONBIO},
    Conditional{SCMP_SYS(ioctl), 1, kLowHalf, FIONREAD},
    Conditional{SCMP_SYS(prctl), 0, kLowHalf, PR_SET_NAME},
};

os::KernelResult<> check(int result) {
  return result < 0 ? std::unexpected(os::Errno{-result}) : os::KernelResult<>();
}

struct Release {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Filter = std::unique_ptr<void, Release>;

os::KernelResult<> add(const Filter& filter, std::uint32_t action, int call,
                       std::span<const scmp_arg_cmp> conditions = {}) {
  return check(::seccomp_rule_add_array(
      filter.get(), action, call, static_cast<unsigned>(conditions.size()), conditions.data()));
}

os::KernelResult<> add_rules(const Filter& filter) {
  for (const int call : kAllowed) WARREN_TRY(add(filter, kAllow, call));
  for (const auto& [call, argument, mask, value] : kConditional) {
    const std::array same{scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value}};
    WARREN_TRY(add(filter, kAllow, call, same));
  }
  constexpr std::uint64_t kType = kLowHalf & ~std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
  const std::array within_the_machine{
      scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, kLowHalf, AF_UNIX},
      scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, kType, SOCK_STREAM},
  };
  WARREN_TRY(add(filter, kAllow, SCMP_SYS(socket), within_the_machine));
  WARREN_TRY(add(filter, kAllow, SCMP_SYS(socketpair), within_the_machine));
  return add(filter, kAbsent, SCMP_SYS(clone3));
}

os::KernelResult<> install(const Filter& filter) {
  WARREN_TRY(check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, kEnd)));
  WARREN_TRY(check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1)));
  WARREN_TRY(check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2)));
  WARREN_TRY(add_rules(filter));
  return check(::seccomp_load(filter.get()));
}

}  // namespace

Result<> restrict_calls() {
  const Filter filter(::seccomp_init(kEnd));
  if (!filter) return fail(Errc::kInternal, "libseccomp has no memory");
  return os::context(install(filter), "restricting system calls");
}

}  // namespace warren::gateway
