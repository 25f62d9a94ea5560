// SPDX-License-Identifier: Apache-2.0

#include "cgroup/group_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <memory>
#include <span>

#include "cgroup/text.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/text_file.h"

namespace warren::cgroup {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY;
// Workloads of the host profile see the host's cgroup file systems. Without search permission on a
// group they reach none of its files, whatever the files' own modes.
constexpr mode_t kRootOnly = 0700;

constexpr const char* kNote = "trusted.warren";

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// cgroup.procs may hold more text than os::read_text() takes: a million processes are 8 MB.
os::KernelResult<std::string> read_unbounded(int file) {
  constexpr std::size_t kChunk = 65'536;
  std::string text;
  std::vector<char> chunk(kChunk);
  for (;;) {
    const std::size_t count =
        WARREN_TRY(os::read_some(file, std::as_writable_bytes(std::span(chunk))));
    if (count == 0) return text;
    text.append(chunk.data(), count);
  }
}

}  // namespace

Result<GroupDirectory> GroupDirectory::open(const std::string& path) {
  auto fd = WARREN_TRY(os::context(os::open_at(AT_FDCWD, path.c_str(), kDirectoryFlags),
                                   "opening the cgroup {}", path));
  return GroupDirectory(std::move(fd), path);
}

Result<GroupDirectory> GroupDirectory::open_child(std::string_view name) const {
  const std::string child(name);
  std::string path = path_ + '/' + child;
  auto fd = WARREN_TRY(os::context(os::open_at(fd_.get(), child.c_str(), kDirectoryFlags),
                                   "opening the cgroup {}", path));
  return GroupDirectory(std::move(fd), std::move(path));
}

bool GroupDirectory::has(std::string_view name) const {
  return ::faccessat(fd_.get(), std::string(name).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> GroupDirectory::make_child(std::string_view name) const {
  return os::context(os::make_directory(fd_.get(), std::string(name).c_str(), kRootOnly),
                     "making the cgroup {}/{}", path_, name);
}

Result<> GroupDirectory::ensure_child(std::string_view name) const {
  auto made = make_child(name);
  if (!made && made.error().code == Errc::kAlreadyExists) return {};
  return made;
}

Result<> GroupDirectory::remove_child(std::string_view name) const {
  const std::string child(name);
  const auto removed = os::call([&] { return ::unlinkat(fd_.get(), child.c_str(), AT_REMOVEDIR); });
  if (removed || removed.error() == os::Errno{ENOENT}) return {};
  if (removed.error() == os::Errno{EBUSY} || removed.error() == os::Errno{ENOTEMPTY}) {
    return fail(Errc::kFailedPrecondition,
                "removing the cgroup {}/{}: it has processes or groups in it", path_, name);
  }
  return os::context(removed, "removing the cgroup {}/{}", path_, name);
}

Result<std::vector<std::string>> GroupDirectory::children() const {
  // A descriptor of its own: reading a directory moves the position that duplicates share.
  auto copy = WARREN_TRY(
      os::context(os::open_at(fd_.get(), ".", kDirectoryFlags), "opening the cgroup {}", path_));
  const DirectoryStream stream(::fdopendir(copy.get()));
  if (!stream) {
    return os::context(os::KernelResult<std::vector<std::string>>(os::last_error()),
                       "listing the cgroup {}", path_);
  }
  std::ignore = copy.release();  // The stream owns it now.
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

Result<std::string> GroupDirectory::read(const char* file) const {
  return os::context(os::read_text(fd_.get(), file), "reading {}/{}", path_, file);
}

Result<> GroupDirectory::write(const char* file, std::string_view text) const {
  return os::context(os::write_text(fd_.get(), file, text), "writing \"{}\" to {}/{}", text, path_,
                     file);
}

Result<os::UniqueFd> GroupDirectory::open_file(const char* file, int flags) const {
  return os::context(os::open_at(fd_.get(), file, flags), "opening {}/{}", path_, file);
}

Result<> GroupDirectory::give_file(const char* file, uid_t owner) const {
  constexpr auto kUnchanged = static_cast<gid_t>(-1);
  return os::context(
      os::call([&] { return ::fchownat(fd_.get(), file, owner, kUnchanged, AT_SYMLINK_NOFOLLOW); }),
      "giving {}/{} to user {}", path_, file, owner);
}

Result<> GroupDirectory::set_file_mode(const char* file, mode_t mode) const {
  return os::context(os::call([&] { return ::fchmodat(fd_.get(), file, mode, 0); }),
                     "changing the mode of {}/{}", path_, file);
}

Result<uid_t> GroupDirectory::file_owner(const char* file) const {
  struct stat status {};
  WARREN_TRY(os::context(
      os::call([&] { return ::fstatat(fd_.get(), file, &status, AT_SYMLINK_NOFOLLOW); }),
      "looking at {}/{}", path_, file));
  return status.st_uid;
}

Result<> GroupDirectory::set_note(std::string_view note) const {
  return os::context(
      os::call([&] { return ::fsetxattr(fd_.get(), kNote, note.data(), note.size(), 0); }),
      "noting something about the cgroup {}", path_);
}

Result<std::string> GroupDirectory::note() const {
  std::string note(XATTR_SIZE_MAX, '\0');
  const auto size = os::call_for<std::size_t>(
      [&] { return ::fgetxattr(fd_.get(), kNote, note.data(), note.size()); });
  if (!size && size.error() == os::Errno{ENODATA}) return std::string();
  if (!size)
    return os::context(os::KernelResult<std::string>(std::unexpected(size.error())),
                       "reading the note of the cgroup {}", path_);
  note.resize(*size);
  return note;
}

Result<std::vector<pid_t>> GroupDirectory::own_members() const {
  const auto file = WARREN_TRY(open_file("cgroup.procs", O_RDONLY));
  const std::string text =
      WARREN_TRY(os::context(read_unbounded(file.get()), "reading {}/cgroup.procs", path_));
  std::vector<pid_t> pids;
  for (const std::string_view line : split(text, '\n')) {
    // 0 stands for a process that our pid namespace does not show.
    if (const auto pid = parse_number(line); pid && *pid > 0) {
      pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

Result<std::vector<pid_t>> GroupDirectory::members() const {
  std::vector<pid_t> pids = WARREN_TRY(own_members());
  const auto names = WARREN_TRY(children());
  for (const std::string& name : names) {
    auto child = open_child(name);
    if (!child) continue;  // It was removed meanwhile, so it was empty.
    auto below = child->members();
    if (!below) continue;  // Likewise (ENODEV).
    pids.insert(pids.end(), below->begin(), below->end());
  }
  return pids;
}

}  // namespace warren::cgroup
