// SPDX-License-Identifier: Apache-2.0
//
// One directory of a cgroup hierarchy, held by descriptor; works alike in both versions.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::cgroup {

class GroupDirectory {
 public:
  // `path` is only for the sentences of errors.
  GroupDirectory(os::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  [[nodiscard]] static Result<GroupDirectory> open(const std::string& path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] os::UniqueFd release() && noexcept { return std::move(fd_); }

  // kNotFound where there is no such group.
  [[nodiscard]] Result<GroupDirectory> open_child(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  // Only root can walk into the new group. kAlreadyExists where there is one.
  [[nodiscard]] Result<> make_child(std::string_view name) const;
  // Like make_child(), but content with a group that exists.
  [[nodiscard]] Result<> ensure_child(std::string_view name) const;
  // kFailedPrecondition while it has processes or groups below it; fine where there is none.
  [[nodiscard]] Result<> remove_child(std::string_view name) const;
  [[nodiscard]] Result<std::vector<std::string>> children() const;

  [[nodiscard]] Result<std::string> read(const char* file) const;
  [[nodiscard]] Result<> write(const char* file, std::string_view text) const;
  [[nodiscard]] Result<os::UniqueFd> open_file(const char* file, int flags) const;
  // Gives a file of the group to a user of the host.
  [[nodiscard]] Result<> give_file(const char* file, uid_t owner) const;
  [[nodiscard]] Result<> set_file_mode(const char* file, mode_t mode) const;
  [[nodiscard]] Result<uid_t> file_owner(const char* file) const;

  // A line that the kernel keeps with the directory, for root alone. Empty where none was set.
  [[nodiscard]] Result<> set_note(std::string_view note) const;
  [[nodiscard]] Result<std::string> note() const;

  // Processes of this very group, and of it and all groups below it.
  [[nodiscard]] Result<std::vector<pid_t>> own_members() const;
  [[nodiscard]] Result<std::vector<pid_t>> members() const;

 private:
  os::UniqueFd fd_;
  std::string path_;
};

}  // namespace warren::cgroup
