// SPDX-License-Identifier: Apache-2.0

#include "os/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/sealed_file.h"

namespace warren::os {
namespace {

constexpr const char* kSelf = "/proc/self/exe";
constexpr std::array<std::string_view, 2> kInstalled{"/usr/local/bin/", "/usr/bin/"};

// Above the numbers that whoever starts a program has for other descriptors.
constexpr int kAboveOthers = 10;

KernelResult<std::string> own_directory() {
  std::array<char, PATH_MAX> path;
  const std::size_t length = WARREN_TRY(
      call_for<std::size_t>([&] { return ::readlink(kSelf, path.data(), path.size()); }));
  const std::string_view self(path.data(), length);
  return std::string(self.substr(0, self.rfind('/') + 1));
}

KernelResult<struct stat> status_of(const char* path) {
  struct stat status {};
  WARREN_TRY(call([&] { return ::stat(path, &status); }));
  return status;
}

// In a directory where everybody may put a file, the one beside this program may be anybody's.
KernelResult<bool> is_as_safe_as_this_one(const char* path) {
  constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
  const struct stat own = WARREN_TRY(status_of(kSelf));
  const struct stat other = WARREN_TRY(status_of(path));
  const bool has_owner = other.st_uid == 0 || other.st_uid == own.st_uid;
  const bool has_group = (other.st_mode & S_IWGRP) == 0 || other.st_gid == own.st_gid;
  return has_owner && has_group && (other.st_mode & kOthers & ~own.st_mode) == 0;
}

KernelResult<UniqueFd> into_memory(const BroughtProgram& brought) {
  const UniqueFd file =
      WARREN_TRY(make_sealed_file(std::string(brought.name).c_str(), brought.file));
  return duplicate(file.get(), kAboveOthers);
}

}  // namespace

// A program that brings others has a definition that counts instead of this one.
[[gnu::weak]] std::span<const BroughtProgram> brought_programs() noexcept {
  return {};
}

Result<Program> Program::bring(const BroughtProgram& brought) {
  UniqueFd file = WARREN_TRY(context(into_memory(brought), "bringing {}", brought.name));
  std::string path = fmt::format("/proc/self/fd/{}", file.get());
  return Program(std::move(path), std::string(brought.name), std::move(file));
}

Result<Program> Program::find(std::string_view name) {
  const std::span<const BroughtProgram> all = brought_programs();
  const auto brought = std::ranges::find(all, name, &BroughtProgram::name);
  if (brought != all.end()) return bring(*brought);
  const std::string own = WARREN_TRY(context(own_directory(), "{}", kSelf));
  for (const std::string_view directory : {std::string_view(own), kInstalled[0], kInstalled[1]}) {
    std::string path = std::string(directory).append(name);
    if (::access(path.c_str(), X_OK) != 0) continue;
    if (WARREN_TRY(context(is_as_safe_as_this_one(path.c_str()), "{}", path))) {
      return Program(path, path, UniqueFd());
    }
    return fail(Errc::kFailedPrecondition,
                "{}: it is not started, because it can be changed by others than this program",
                path);
  }
  return fail(Errc::kNotFound, "finding {} beside this program or in /usr/local/bin: {}", name,
              message(Errno{ENOENT}));
}

}  // namespace warren::os
