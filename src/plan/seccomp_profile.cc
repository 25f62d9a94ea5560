// SPDX-License-Identifier: Apache-2.0

#include "plan/seccomp_profile.h"

#include <asm/ioctls.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>

namespace warren::plan {
namespace {

constexpr auto kAllowed = std::to_array<std::string_view>({"accept",
                                                           "accept4",
                                                           "access",
                                                           "alarm",
                                                           "arch_prctl",
                                                           "bind",
                                                           "brk",
                                                           "cachestat",
                                                           "capget",
                                                           "capset",
                                                           "chdir",
                                                           "chmod",
                                                           "chown",
                                                           "clock_getres",
                                                           "clock_gettime",
                                                           "clock_nanosleep",
                                                           "close",
                                                           "close_range",
                                                           "connect",
                                                           "copy_file_range",
                                                           "creat",
                                                           "dup",
                                                           "dup2",
                                                           "dup3",
                                                           "epoll_create",
                                                           "epoll_create1",
                                                           "epoll_ctl",
                                                           "epoll_pwait",
                                                           "epoll_pwait2",
                                                           "epoll_wait",
                                                           "eventfd",
                                                           "eventfd2",
                                                           "execve",
                                                           "execveat",
                                                           "exit",
                                                           "exit_group",
                                                           "faccessat",
                                                           "faccessat2",
                                                           "fadvise64",
                                                           "fallocate",
                                                           "fchdir",
                                                           "fchmod",
                                                           "fchmodat",
                                                           "fchmodat2",
                                                           "fchown",
                                                           "fchownat",
                                                           "fcntl",
                                                           "fdatasync",
                                                           "fgetxattr",
                                                           "flistxattr",
                                                           "flock",
                                                           "fork",
                                                           "fremovexattr",
                                                           "fsetxattr",
                                                           "fstat",
                                                           "fstatfs",
                                                           "fsync",
                                                           "ftruncate",
                                                           "futex",
                                                           "futex_requeue",
                                                           "futex_wait",
                                                           "futex_waitv",
                                                           "futex_wake",
                                                           "futimesat",
                                                           "get_robust_list",
                                                           "get_thread_area",
                                                           "getcpu",
                                                           "getcwd",
                                                           "getdents",
                                                           "getdents64",
                                                           "getegid",
                                                           "geteuid",
                                                           "getgid",
                                                           "getgroups",
                                                           "getitimer",
                                                           "getpeername",
                                                           "getpgid",
                                                           "getpgrp",
                                                           "getpid",
                                                           "getppid",
                                                           "getpriority",
                                                           "getrandom",
                                                           "getresgid",
                                                           "getresuid",
                                                           "getrlimit",
                                                           "getrusage",
                                                           "getsid",
                                                           "getsockname",
                                                           "getsockopt",
                                                           "gettid",
                                                           "gettimeofday",
                                                           "getuid",
                                                           "getxattr",
                                                           "inotify_add_watch",
                                                           "inotify_init",
                                                           "inotify_init1",
                                                           "inotify_rm_watch",
                                                           "io_cancel",
                                                           "io_destroy",
                                                           "io_getevents",
                                                           "io_pgetevents",
                                                           "io_setup",
                                                           "io_submit",
                                                           "ioprio_get",
                                                           "ioprio_set",
                                                           "kill",
                                                           "landlock_add_rule",
                                                           "landlock_create_ruleset",
                                                           "landlock_restrict_self",
                                                           "lchown",
                                                           "lgetxattr",
                                                           "link",
                                                           "linkat",
                                                           "listen",
                                                           "listxattr",
                                                           "llistxattr",
                                                           "lremovexattr",
                                                           "lseek",
                                                           "lsetxattr",
                                                           "lstat",
                                                           "madvise",
                                                           "map_shadow_stack",
                                                           "membarrier",
                                                           "memfd_create",
                                                           "mincore",
                                                           "mkdir",
                                                           "mkdirat",
                                                           "mknod",
                                                           "mknodat",
                                                           "mlock",
                                                           "mlock2",
                                                           "mlockall",
                                                           "mmap",
                                                           "mprotect",
                                                           "mq_getsetattr",
                                                           "mq_notify",
                                                           "mq_open",
                                                           "mq_timedreceive",
                                                           "mq_timedsend",
                                                           "mq_unlink",
                                                           "mremap",
                                                           "mseal",
                                                           "msgctl",
                                                           "msgget",
                                                           "msgrcv",
                                                           "msgsnd",
                                                           "msync",
                                                           "munlock",
                                                           "munlockall",
                                                           "munmap",
                                                           "nanosleep",
                                                           "newfstatat",
                                                           "open",
                                                           "openat",
                                                           "openat2",
                                                           "pause",
                                                           "pidfd_open",
                                                           "pidfd_send_signal",
                                                           "pipe",
                                                           "pipe2",
                                                           "pkey_alloc",
                                                           "pkey_free",
                                                           "pkey_mprotect",
                                                           "poll",
                                                           "ppoll",
                                                           "pread64",
                                                           "preadv",
                                                           "preadv2",
                                                           "process_mrelease",
                                                           "process_vm_readv",
                                                           "process_vm_writev",
                                                           "pselect6",
                                                           "ptrace",
                                                           "pwrite64",
                                                           "pwritev",
                                                           "pwritev2",
                                                           "read",
                                                           "readahead",
                                                           "readlink",
                                                           "readlinkat",
                                                           "readv",
                                                           "recvfrom",
                                                           "recvmmsg",
                                                           "recvmsg",
                                                           "remap_file_pages",
                                                           "removexattr",
                                                           "rename",
                                                           "renameat",
                                                           "renameat2",
                                                           "restart_syscall",
                                                           "rmdir",
                                                           "rseq",
                                                           "rt_sigaction",
                                                           "rt_sigpending",
                                                           "rt_sigprocmask",
                                                           "rt_sigqueueinfo",
                                                           "rt_sigreturn",
                                                           "rt_sigsuspend",
                                                           "rt_sigtimedwait",
                                                           "rt_tgsigqueueinfo",
                                                           "sched_get_priority_max",
                                                           "sched_get_priority_min",
                                                           "sched_getaffinity",
                                                           "sched_getattr",
                                                           "sched_getparam",
                                                           "sched_getscheduler",
                                                           "sched_rr_get_interval",
                                                           "sched_setaffinity",
                                                           "sched_setattr",
                                                           "sched_setparam",
                                                           "sched_setscheduler",
                                                           "sched_yield",
                                                           "seccomp",
                                                           "select",
                                                           "semctl",
                                                           "semget",
                                                           "semop",
                                                           "semtimedop",
                                                           "sendfile",
                                                           "sendmmsg",
                                                           "sendmsg",
                                                           "sendto",
                                                           "set_robust_list",
                                                           "set_tid_address",
                                                           "setfsgid",
                                                           "setfsuid",
                                                           "setgid",
                                                           "setgroups",
                                                           "setitimer",
                                                           "setpgid",
                                                           "setpriority",
                                                           "setregid",
                                                           "setresgid",
                                                           "setresuid",
                                                           "setreuid",
                                                           "setrlimit",
                                                           "setsid",
                                                           "setsockopt",
                                                           "setuid",
                                                           "setxattr",
                                                           "shmat",
                                                           "shmctl",
                                                           "shmdt",
                                                           "shmget",
                                                           "shutdown",
                                                           "sigaltstack",
                                                           "signalfd",
                                                           "signalfd4",
                                                           "socketpair",
                                                           "splice",
                                                           "stat",
                                                           "statfs",
                                                           "statx",
                                                           "symlink",
                                                           "symlinkat",
                                                           "sync",
                                                           "sync_file_range",
                                                           "syncfs",
                                                           "sysinfo",
                                                           "tee",
                                                           "tgkill",
                                                           "time",
                                                           "timer_create",
                                                           "timer_delete",
                                                           "timer_getoverrun",
                                                           "timer_gettime",
                                                           "timer_settime",
                                                           "timerfd_create",
                                                           "timerfd_gettime",
                                                           "timerfd_settime",
                                                           "times",
                                                           "tkill",
                                                           "truncate",
                                                           "umask",
                                                           "uname",
                                                           "unlink",
                                                           "unlinkat",
                                                           "utime",
                                                           "utimensat",
                                                           "utimes",
                                                           "vfork",
                                                           "vmsplice",
                                                           "wait4",
                                                           "waitid",
                                                           "write",
                                                           "writev"});

// clone3(2) hides its flags behind a pointer, which a filter cannot follow; every C library falls
// back to clone(2), whose flags it can see.
constexpr auto kAbsent = std::to_array<std::string_view>(
    {"clone3", "statmount", "listmount", "getxattrat", "setxattrat", "listxattrat", "removexattrat",
     "file_getattr", "file_setattr"});

// The kernel reads these arguments as int; a caller may leave anything in the upper half.
constexpr std::uint64_t kLowHalf = 0xffffffff;
constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr ConditionalCall equal(std::string_view name, std::uint32_t argument,
                                std::uint64_t value) {
  return {name, argument, kLowHalf, value};
}

constexpr auto kConditional = std::to_array<ConditionalCall>(
    {// Nested user namespaces open kernel code that only root could reach before.
     {"clone", 0, kNewNamespaces, 0},
     equal("personality", 0, PER_LINUX),
     equal("personality", 0, PER_LINUX32),
     equal("personality", 0, ADDR_NO_RANDOMIZE),
     equal("personality", 0, 0xffffffff)});

// Not AF_PACKET, AF_ALG, AF_VSOCK and the rest. Interfaces and routes are all that programs without
// privileges ask netlink(7) for. The events of devices (NETLINK_KOBJECT_UEVENT) reach the owner of
// every network namespace of the host's user namespace, and these are the host's devices.
constexpr auto kSockets = std::to_array<SocketFamily>(
    {{AF_UNIX, {}}, {AF_INET, {}}, {AF_INET6, {}}, {AF_NETLINK, NETLINK_ROUTE}});

// Both put input into another program's terminal (CVE-2017-5226); TIOCLINUX also speaks to the
// console.
constexpr auto kTerminalInjection = std::to_array<std::uint32_t>({TIOCSTI, TIOCLINUX});

constexpr auto kProcessSettings = std::to_array<std::uint32_t>({PR_SET_MM});

// Init has the id of the sandbox's root, and prlimit64 asks for nothing else: without room for
// files init could write neither output nor ends (S24). Scheduling calls also ask for init's
// capabilities. No sandbox has a pid namespace within its own, so 1 is always init.
constexpr auto kInit = std::to_array<std::uint32_t>({1});

constexpr auto kRestricted = std::to_array<RestrictedCall>(
    {{"ioctl", 1, kTerminalInjection}, {"prctl", 0, kProcessSettings}, {"prlimit64", 0, kInit}});

}  // namespace

std::span<const RestrictedCall> restricted_calls() noexcept {
  return kRestricted;
}
std::span<const std::string_view> allowed_calls() noexcept {
  return kAllowed;
}
std::span<const std::string_view> absent_calls() noexcept {
  return kAbsent;
}
std::span<const ConditionalCall> conditional_calls() noexcept {
  return kConditional;
}
std::span<const SocketFamily> socket_families() noexcept {
  return kSockets;
}

}  // namespace warren::plan
