// SPDX-License-Identifier: Apache-2.0
//
// A directory that keys are kept in: it is made with mode 0700, its files with 0600, and a file is
// either what it was or what it is to be, never half of it. A disk that is full changes none of
// those that are written together.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::certs {

struct File {
  std::string name;
  std::string_view text;
};

class Directory {
 public:
  // kNotFound where there is none.
  [[nodiscard]] static Result<Directory> open(const std::string& path);
  // The same for one whose content is to be trusted: kFailedPrecondition where everybody may write,
  // for whoever puts an authority there is the authority.
  [[nodiscard]] static Result<Directory> open_trusted(const std::string& path);
  // The same, but makes it, and what is missing above it (0755).
  [[nodiscard]] static Result<Directory> open_or_create(const std::string& path);

  // The directory `name` in this one, made if it is missing.
  [[nodiscard]] Result<Directory> below(const std::string& name) const;

  // Waits until no other process holds it; until this object goes.
  [[nodiscard]] Result<> lock() const;

  // Nothing where there is no such file.
  [[nodiscard]] Result<std::optional<std::string>> read(const std::string& name) const;
  // Replaces the files, durably: all of them, or none where they cannot be written.
  [[nodiscard]] Result<> write(std::span<const File> files) const;
  [[nodiscard]] Result<> write(const std::string& name, std::string_view text) const;
  // The names in it, in order, without those that begin with a dot.
  [[nodiscard]] Result<std::vector<std::string>> names() const;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + '/' + name; }

 private:
  Directory(std::string path, os::UniqueFd descriptor);

  [[nodiscard]] Result<> replace(std::span<const File> files) const;

  std::string path_;
  os::UniqueFd descriptor_;
};

}  // namespace warren::certs
