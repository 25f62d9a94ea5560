// SPDX-License-Identifier: Apache-2.0
//
// Warren's programs, as the others of them find and execute them.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::os {

// A program that another one has in itself, as an ELF file.
struct BroughtProgram {
  std::string_view name;
  std::span<const std::byte> file;
};

// What this program brings with it. Nothing, unless it was linked with a definition of its own.
[[nodiscard]] std::span<const BroughtProgram> brought_programs() noexcept;

class Program {
 public:
  // The one that this program brings, which then is as old as itself; else the one in its directory
  // (/proc/self/exe), else the installed one. Fails with kNotFound where there is none, and with
  // kFailedPrecondition where somebody can change it who can change neither this program nor what
  // is root's.
  [[nodiscard]] static Result<Program> find(std::string_view name);

  // What execve(2) takes, here and in a child, for as long as this object lives and the child has
  // not closed its descriptors.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // What it is to be called, as its first argument: the path, where it has one for people.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  Program(std::string path, std::string name, UniqueFd file)
      : path_(std::move(path)), name_(std::move(name)), file_(std::move(file)) {}

  [[nodiscard]] static Result<Program> bring(const BroughtProgram& brought);

  std::string path_;
  std::string name_;
  UniqueFd file_;  // Of one that was brought: a sealed file, closed as it is executed.
};

}  // namespace warren::os
