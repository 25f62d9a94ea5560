// SPDX-License-Identifier: Apache-2.0

#include "rootfs/entry_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <concepts>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::rootfs {
namespace {

using os::Errno;
using os::KernelResult;
using os::UniqueFd;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr mode_t kPermissions = 0777;  // No setuid, setgid or sticky bit comes from an archive.
constexpr mode_t kImpliedDirectory = 0755;

// Runs `make`, and once more after removing what is in its way.
template <std::invocable Make>
auto replacing(int directory, const char* name, Make make) noexcept -> decltype(make()) {
  auto made = make();
  if (made || made.error() != Errno{EEXIST}) return made;
  const auto removed = os::call([&] { return ::unlinkat(directory, name, 0); });
  if (!removed) return std::unexpected(removed.error());
  return make();
}

}  // namespace

KernelResult<> EntryWriter::own(int file, mode_t mode) const noexcept {
  const auto owned = os::call([&] { return ::fchown(file, owner_.uid, owner_.gid); });
  if (!owned) return owned;
  return os::call([&] { return ::fchmod(file, mode & kPermissions); });
}

KernelResult<UniqueFd> EntryWriter::open_directory(std::string_view path) const {
  return os::open_in_root(root_, path.empty() ? "." : std::string(path).c_str(), kDirectory);
}

KernelResult<UniqueFd> EntryWriter::make_directories(std::string_view path) const {
  UniqueFd directory = WARREN_TRY(open_directory(""));
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string name(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    const auto made = os::make_directory(directory.get(), name.c_str(), kImpliedDirectory);
    if (!made && made.error() != Errno{EEXIST}) return std::unexpected(made.error());
    directory = WARREN_TRY(os::open_at(directory.get(), name.c_str(), kDirectory));
    if (!made) continue;
    if (const auto owned = own(directory.get(), kImpliedDirectory); !owned) {
      return std::unexpected(owned.error());
    }
  }
  return directory;
}

Result<EntryWriter::Place> EntryWriter::place(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  if (!parent_ || parent != parent_path_) {
    auto opened = open_directory(parent);
    if (!opened && opened.error() == Errno{ENOENT}) opened = make_directories(parent);
    parent_ = WARREN_TRY(os::context(std::move(opened), "opening its directory"));
    parent_path_ = parent;
  }
  return Place{parent_.get(), path.substr(slash + 1)};  // npos + 1 is 0.
}

Result<> EntryWriter::make_directory(const std::string& path, mode_t mode) {
  const Place at = WARREN_TRY(place(path));
  const auto made = os::make_directory(at.directory, at.name.c_str(), kImpliedDirectory);
  if (!made && made.error() != Errno{EEXIST}) return os::context(made, "making the directory");
  const UniqueFd directory = WARREN_TRY(
      os::context(os::open_at(at.directory, at.name.c_str(), kDirectory), "opening the directory"));
  return os::context(own(directory.get(), mode), "setting owner and mode");
}

Result<UniqueFd> EntryWriter::make_file(const std::string& path, mode_t mode) {
  const Place at = WARREN_TRY(place(path));
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL;
  auto file = WARREN_TRY(
      os::context(replacing(at.directory, at.name.c_str(),
                            [&] { return os::open_at(at.directory, at.name.c_str(), kNew, 0600); }),
                  "making the file"));
  WARREN_TRY(os::context(own(file.get(), mode), "setting owner and mode"));
  return file;
}

Result<> EntryWriter::make_symlink(const std::string& path, const std::string& target) {
  const Place at = WARREN_TRY(place(path));
  const char* name = at.name.c_str();
  WARREN_TRY(os::context(replacing(at.directory, name,
                                   [&] {
                                     return os::call([&] {
                                       return ::symlinkat(target.c_str(), at.directory, name);
                                     });
                                   }),
                         "making the link"));
  return os::context(os::call([&] {
                       return ::fchownat(at.directory, name, owner_.uid, owner_.gid,
                                         AT_SYMLINK_NOFOLLOW);
                     }),
                     "setting the owner");
}

Result<> EntryWriter::make_hard_link(const std::string& path, const std::string& existing) {
  // place() keeps one directory only, so the first is held by a descriptor of its own.
  const std::size_t slash = existing.rfind('/');
  const std::string name = existing.substr(slash + 1);
  const UniqueFd directory = WARREN_TRY(
      os::context(open_directory(slash == std::string::npos ? "" : existing.substr(0, slash)),
                  "opening the directory of '{}'", existing));
  const Place at = WARREN_TRY(place(path));
  return os::context(replacing(at.directory, at.name.c_str(),
                               [&] {
                                 return os::call([&] {
                                   return ::linkat(directory.get(), name.c_str(), at.directory,
                                                   at.name.c_str(), 0);
                                 });
                               }),
                     "linking to '{}'", existing);
}

}  // namespace warren::rootfs
