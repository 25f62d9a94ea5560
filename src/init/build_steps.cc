// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "init/steps.h"
#include "os/call.h"
#include "os/credentials.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/process.h"

namespace warren::init::steps {
namespace {

// Where a path of a step begins: in a slot, or at init's own working directory.
int base_of(const Sandbox& sandbox, plan::Slot slot) noexcept {
  return slot == plan::Slot::kNone ? AT_FDCWD : sandbox.slots.get(slot);
}

os::KernelResult<> keep(Sandbox& sandbox, plan::Slot slot,
                        os::KernelResult<os::UniqueFd> fd) noexcept {
  if (!fd) return std::unexpected(fd.error());
  sandbox.slots.put(slot, *static_cast<os::KernelResult<os::UniqueFd>&&>(fd));
  return {};
}

// "key=value" sets a string, "key" a flag.
os::KernelResult<> configure(int filesystem, const char* option) noexcept {
  constexpr std::size_t kLongestKey = 32;
  const char* equals = ::strchr(option, '=');
  if (equals == nullptr) return os::configure_filesystem(filesystem, option, nullptr);
  const auto length = static_cast<std::size_t>(equals - option);
  if (length >= kLongestKey) return std::unexpected(os::Errno{EINVAL});
  char key[kLongestKey] = {};
  ::memcpy(key, option, length);
  return os::configure_filesystem(filesystem, key, equals + 1);
}

// Binds `socket` to a name in `directory` itself. The working directory is only init's, and no path
// leads there that the sandbox could have changed.
os::KernelResult<> bind_in(int directory, int socket, const char* name) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = ::strlen(name);
  if (length >= sizeof address.sun_path || ::strchr(name, '/') != nullptr) {
    return std::unexpected(os::Errno{EINVAL});
  }
  ::memcpy(address.sun_path, name, length);
  if (const auto done = os::call([&] { return ::fchdir(directory); }); !done) return done;
  const auto bound = os::call(
      [&] { return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  const auto left = os::call([] { return ::chdir("/"); });
  return bound ? left : bound;
}

}  // namespace

os::KernelResult<> private_mounts(Sandbox& /*sandbox*/, const plan::StepView& /*step*/) noexcept {
  return os::make_mounts_private();
}

os::KernelResult<> enter_namespace(Sandbox& sandbox, const plan::StepView& step) noexcept {
  return os::enter_namespace(sandbox.slots.get(step.slot()), static_cast<int>(step.a()));
}

os::KernelResult<> new_filesystem(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const char* text = step.text();
  const auto filesystem = os::open_filesystem(text);
  if (!filesystem) return std::unexpected(filesystem.error());
  for (std::size_t index = 1; index < step.strings(); ++index) {
    text = plan::StepView::next(text);
    if (const auto done = configure(filesystem->get(), text); !done) return done;
  }
  return keep(sandbox, step.slot(), os::create_mount(filesystem->get(), step.a()));
}

os::KernelResult<> clone_mount(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const int base = base_of(sandbox, step.other());
  auto mount = os::clone_mount(base, step.text(), os::Recursive::kYes);
  if (!mount) return std::unexpected(mount.error());
  const auto restricted = os::set_mount_attributes(mount->get(), step.a(), os::Recursive::kYes);
  if (!restricted) return restricted;
  return keep(sandbox, step.slot(), static_cast<os::KernelResult<os::UniqueFd>&&>(mount));
}

os::KernelResult<> make_directory(Sandbox& sandbox, const plan::StepView& step) noexcept {
  return os::make_directory(sandbox.slots.get(step.slot()), step.text(),
                            static_cast<mode_t>(step.a()));
}

os::KernelResult<> make_device(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const int directory = sandbox.slots.get(step.slot());
  const auto mode = static_cast<mode_t>(step.a());
  const auto made = os::call(
      [&] { return ::mknodat(directory, step.text(), mode, static_cast<dev_t>(step.b())); });
  if (!made) return made;
  // mknod(2) applies init's umask.
  return os::call([&] { return ::fchmodat(directory, step.text(), mode & 0777, 0); });
}

os::KernelResult<> make_symlink(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const char* name = step.text();
  const char* target = plan::StepView::next(name);
  const int directory = sandbox.slots.get(step.slot());
  return os::call([&] { return ::symlinkat(target, directory, name); });
}

os::KernelResult<> set_hostname(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::set_hostname(step.text());
}

os::KernelResult<> become_user(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::become_user(static_cast<uid_t>(step.a()), static_cast<gid_t>(step.b()));
}

os::KernelResult<> unshare(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::unshare(step.a());
}

os::KernelResult<> join_cgroup(Sandbox& sandbox, const plan::StepView& step) noexcept {
  static constexpr char kSelf = '0';
  return os::write_all(sandbox.slots.get(step.slot()),
                       {reinterpret_cast<const std::byte*>(&kSelf), 1});
}

os::KernelResult<> attach(Sandbox& sandbox, const plan::StepView& step) noexcept {
  return os::attach_mount(sandbox.slots.get(step.slot()), base_of(sandbox, step.other()),
                          step.text());
}

os::KernelResult<> mask(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const char* source = step.text();
  const char* name = plan::StepView::next(source);
  const auto target = os::call_for_fd([&] {
    return ::openat(sandbox.slots.get(step.other()), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  });
  // What this kernel does not have needs no mask. It is asked before there is one: to drop a mount
  // that was never attached waits for a grace period.
  if (!target && target.error().value == ENOENT) return {};
  if (!target) return std::unexpected(target.error());
  const auto cover = os::clone_mount(sandbox.slots.get(step.slot()), source, os::Recursive::kNo);
  if (!cover) return std::unexpected(cover.error());
  return os::attach_mount(cover->get(), target->get(), "");
}

os::KernelResult<> require_writable(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const auto read_only = os::is_read_only(sandbox.slots.get(step.slot()));
  if (!read_only) return std::unexpected(read_only.error());
  return *read_only ? std::unexpected(os::Errno{EROFS}) : os::KernelResult<>();
}

os::KernelResult<> pivot_root(Sandbox& sandbox, const plan::StepView& step) noexcept {
  return os::pivot_root_to(sandbox.slots.get(step.slot()));
}

os::KernelResult<> drop_bounding(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::drop_bounding(step.a());
}

os::KernelResult<> close_slot(Sandbox& sandbox, const plan::StepView& step) noexcept {
  sandbox.slots.close(step.slot(), static_cast<std::size_t>(step.a()));
  return {};
}

os::KernelResult<> become_subreaper(Sandbox& /*sandbox*/, const plan::StepView& /*step*/) noexcept {
  return os::become_subreaper();
}

os::KernelResult<> on_end_kill(Sandbox& sandbox, const plan::StepView& step) noexcept {
  sandbox.kill_file = step.slot();
  sandbox.kills_namespace = step.a() != 0;
  // Outside a pid namespace of its own, "everything" would be the host.
  if (sandbox.kills_namespace && ::getpid() != 1) return std::unexpected(os::Errno{EPERM});
  return {};
}

os::KernelResult<> end_with_engine(Sandbox& sandbox, const plan::StepView& /*step*/) noexcept {
  sandbox.ends_with_engine = true;
  return {};
}

// Non-blocking: a caller may be gone before init accepts it.
os::KernelResult<> listen(Sandbox& sandbox, const plan::StepView& step) noexcept {
  auto socket = os::call_for_fd(
      [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  if (!socket) return std::unexpected(socket.error());
  const int fd = socket->get();
  // unix(7): bind(2) gives the file the mode of the socket.
  auto done = os::call([&] { return ::fchmod(fd, static_cast<mode_t>(step.a())); });
  if (done) done = bind_in(sandbox.slots.get(step.other()), fd, step.text());
  if (done) done = os::call([&] { return ::listen(fd, static_cast<int>(step.b())); });
  return done ? keep(sandbox, step.slot(), static_cast<os::KernelResult<os::UniqueFd>&&>(socket))
              : done;
}

}  // namespace warren::init::steps
