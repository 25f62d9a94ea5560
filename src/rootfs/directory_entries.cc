// SPDX-License-Identifier: Apache-2.0

#include "rootfs/directory_entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "os/call.h"
#include "os/file.h"

namespace warren::rootfs {
namespace {

using os::Errno;
using os::KernelResult;

constexpr int kListing = O_RDONLY | O_DIRECTORY;

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

KernelResult<> unlink_at(int directory, const char* name, int flags) noexcept {
  const auto result = os::call([&] { return ::unlinkat(directory, name, flags); });
  if (!result && result.error() == Errno{ENOENT}) return {};
  return result;
}

// Removes anything but a directory with something in it: that is ENOTEMPTY.
KernelResult<> remove_entry(int directory, const char* name) noexcept {
  const auto unlinked = unlink_at(directory, name, 0);
  if (unlinked || unlinked.error() != Errno{EISDIR}) return unlinked;
  const auto removed = unlink_at(directory, name, AT_REMOVEDIR);
  if (!removed && removed.error() == Errno{EEXIST}) return std::unexpected(Errno{ENOTEMPTY});
  return removed;
}

// Empties a directory in rounds. What its subdirectories hold is moved up into it rather than
// descended into, so that no depth of nesting costs descriptors or stack.
class Flattening {
 public:
  explicit Flattening(int top) noexcept : top_(top) {}

  KernelResult<> run() {
    for (;;) {
      const auto names = WARREN_TRY(entry_names(top_, "."));
      if (names.empty()) return {};
      for (const std::string& name : names) {
        if (auto removed = remove(name.c_str()); !removed) return removed;
      }
    }
  }

 private:
  KernelResult<> remove(const char* name) {
    const auto removed = remove_entry(top_, name);
    if (removed || removed.error() != Errno{ENOTEMPTY}) return removed;
    const os::UniqueFd directory = WARREN_TRY(os::open_at(top_, name, kListing));
    for (const std::string& entry : WARREN_TRY(entry_names(directory.get(), "."))) {
      auto gone = remove_entry(directory.get(), entry.c_str());
      if (!gone && gone.error() == Errno{ENOTEMPTY}) gone = lift(directory.get(), entry.c_str());
      if (!gone) return gone;
    }
    return unlink_at(top_, name, AT_REMOVEDIR);
  }

  KernelResult<> lift(int directory, const char* name) {
    for (;;) {
      const std::string free_name = fmt::format(".lifted-{}", lifted_++);
      const auto moved = os::call(
          [&] { return ::renameat2(directory, name, top_, free_name.c_str(), RENAME_NOREPLACE); });
      if (moved || moved.error() != Errno{EEXIST}) return moved;
    }
  }

  int top_;
  std::uint64_t lifted_ = 0;
};

}  // namespace

KernelResult<std::vector<std::string>> entry_names(int directory, const char* path) {
  os::UniqueFd fd = WARREN_TRY(os::open_at(directory, path, kListing));
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (!stream) return os::last_error();
  std::ignore = fd.release();  // The stream owns it now.

  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return os::last_error();
  return names;
}

KernelResult<> remove_tree(int directory, const char* name) {
  const auto removed = remove_entry(directory, name);
  if (removed || removed.error() != Errno{ENOTEMPTY}) return removed;
  {
    const os::UniqueFd top = WARREN_TRY(os::open_at(directory, name, kListing));
    if (auto emptied = Flattening(top.get()).run(); !emptied) return emptied;
  }
  return unlink_at(directory, name, AT_REMOVEDIR);
}

}  // namespace warren::rootfs
