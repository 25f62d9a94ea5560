// SPDX-License-Identifier: Apache-2.0

#include "rootfs/user_namespace.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>

#include "base/result.h"
#include "os/call.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/procfs.h"

namespace warren::rootfs {
namespace {

using os::KernelResult;
using os::UniqueFd;

// Lives in the new namespace until it is killed. It shares the memory of its parent, so it touches
// none: only system calls that cannot fail and thus leave errno alone. Not pause(3): it is a
// cancellation point, and those write to the thread's descriptor, which is the parent's.
int hold_namespace(void* parent) {
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The parent may have died before the line above.
  if (::syscall(SYS_getppid) != *static_cast<const pid_t*>(parent)) return 0;
  for (;;) ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}

// The process that a namespace needs until a descriptor holds it.
class NamespaceHolder {
 public:
  static KernelResult<NamespaceHolder> start() noexcept {
    alignas(16) thread_local std::array<std::byte, 16 * 1024> stack;
    thread_local pid_t parent;
    parent = ::getpid();
    // Signals meant for this process must not run handlers in the child, on shared memory.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    int pidfd = -1;
    // No exit signal: nobody else's waitpid() sees this child. Memory and descriptors are shared
    // because copying them would cost more than all the rest.
    const int flags = CLONE_NEWUSER | CLONE_VM | CLONE_FILES | CLONE_PIDFD;
    const auto pid = os::call_for<pid_t>([&] {
      return ::clone(hold_namespace, stack.data() + stack.size(), flags, &parent, &pidfd);
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!pid) return std::unexpected(pid.error());
    return NamespaceHolder(*pid, UniqueFd(pidfd));
  }

  NamespaceHolder(NamespaceHolder&&) noexcept = default;
  NamespaceHolder& operator=(NamespaceHolder&&) = delete;
  ~NamespaceHolder() {
    if (!pidfd_) return;
    std::ignore = os::call(
        [&] { return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0U); });
    siginfo_t how{};
    std::ignore = os::call(
        [&] { return ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &how, WEXITED | __WALL); });
  }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  NamespaceHolder(pid_t pid, UniqueFd pidfd) noexcept : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;
  UniqueFd pidfd_;
};

KernelResult<> write_map(int process, const char* file, std::string_view map) noexcept {
  const auto target = os::open_at(process, file, O_WRONLY);
  if (!target) return std::unexpected(target.error());
  return os::write_all(target->get(), std::as_bytes(std::span(map)));
}

}  // namespace

KernelResult<UniqueFd> create_user_namespace(IdRange range) noexcept {
  const NamespaceHolder holder = WARREN_TRY(NamespaceHolder::start());
  const UniqueFd proc = WARREN_TRY(os::open_procfs());
  std::array<char, 32> name{};
  fmt::format_to_n(name.data(), name.size() - 1, "{}", holder.pid());
  const UniqueFd process = WARREN_TRY(os::open_at(proc.get(), name.data(), O_RDONLY | O_DIRECTORY));

  std::array<char, 64> text{};
  const auto end = fmt::format_to_n(text.data(), text.size(), "0 {} {}\n", range.base,
                                    std::uint32_t{IdRange::kSize});
  const std::string_view map(text.data(), end.size);
  for (const char* file : {"uid_map", "gid_map"}) {
    if (auto written = write_map(process.get(), file, map); !written) {
      return std::unexpected(written.error());
    }
  }
  // Not os::open_at(): the entry is a link of procfs, and following it is the point.
  return os::call_for_fd([&] { return ::openat(process.get(), "ns/user", O_RDONLY | O_CLOEXEC); });
}

KernelResult<UniqueFd> clone_for_range(int directory, const char* path, int user_namespace,
                                       Access access) noexcept {
  UniqueFd mount = WARREN_TRY(os::clone_mount(directory, path, os::Recursive::kNo));
  std::uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (access == Access::kReadOnly) attributes |= MOUNT_ATTR_RDONLY;
  const auto mapped = os::map_mount_ids(mount.get(), user_namespace, attributes);
  if (!mapped) return std::unexpected(mapped.error());
  return mount;
}

}  // namespace warren::rootfs
