// SPDX-License-Identifier: Apache-2.0
//
// Makes files below a directory by names that nobody vouches for: no step follows a symbolic link,
// and none leaves the directory.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::rootfs {

// Every path is as entry_path() returns it and not empty. Missing directories on the way are made.
// What exists under the same name gives way unless it is a directory.
class EntryWriter {
 public:
  struct Owner {
    uid_t uid;
    gid_t gid;
  };

  // `directory` stays open as long as the writer lives.
  EntryWriter(int directory, Owner owner) noexcept : root_(directory), owner_(owner) {}

  [[nodiscard]] Result<> make_directory(const std::string& path, mode_t mode);
  // An empty file, open for writing.
  [[nodiscard]] Result<os::UniqueFd> make_file(const std::string& path, mode_t mode);
  [[nodiscard]] Result<> make_symlink(const std::string& path, const std::string& target);
  // Another name for the file or link that `existing` names.
  [[nodiscard]] Result<> make_hard_link(const std::string& path, const std::string& existing);

 private:
  struct Place {
    int directory;
    std::string name;
  };

  [[nodiscard]] Result<Place> place(const std::string& path);
  [[nodiscard]] os::KernelResult<os::UniqueFd> open_directory(std::string_view path) const;
  [[nodiscard]] os::KernelResult<os::UniqueFd> make_directories(std::string_view path) const;
  [[nodiscard]] os::KernelResult<> own(int file, mode_t mode) const noexcept;

  int root_;
  Owner owner_;
  // The directory of the entry before: archives list what a directory holds one after the other.
  std::string parent_path_;
  os::UniqueFd parent_;
};

}  // namespace warren::rootfs
