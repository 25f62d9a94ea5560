// SPDX-License-Identifier: Apache-2.0

#include "client/personality/joblet_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"
#include "os/text_file.h"

namespace warren::client {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

std::vector<std::string> places(const std::string& path) {
  if (!path.empty()) return {path};
  const char* const named = std::getenv("JOBLET_CONFIG");
  if (named != nullptr && *named != '\0') return {named};
  return {"joblet-config.yml", "/opt/joblet/config/joblet-config.yml",
          "/etc/joblet/joblet-config.yml"};
}

Result<> make_what_is_above(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (!error) return {};
  return fail(Errc::kFailedPrecondition, "making the directory of {}: {}", path, error.message());
}

// A directory of somebody else would let him choose what the engine allows.
Result<os::UniqueFd> open_own_directory(const std::string& path) {
  WARREN_TRY(make_what_is_above(path));
  const auto made = os::make_directory(AT_FDCWD, path.c_str(), kDirectoryMode);
  if (!made && made.error().value != EEXIST) WARREN_TRY(os::context(made, "making {}", path));
  os::UniqueFd directory = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY), "opening {}", path));
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(directory.get(), &status); }), "{}", path));
  if (status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return directory;
  }
  return fail(Errc::kFailedPrecondition, "{}: it belongs to, or can be written by, somebody else",
              path);
}

// The file is either what it was or what it is to be.
Result<> replace(const os::UniqueFd& directory, const char* name, const std::string& text) {
  const std::string draft = fmt::format(".{}.new", name);
  const auto removed = os::call([&] { return ::unlinkat(directory.get(), draft.c_str(), 0); });
  if (!removed && removed.error().value != ENOENT) return os::context(removed, "{}", draft);
  const os::UniqueFd file = WARREN_TRY(os::context(
      os::open_at(directory.get(), draft.c_str(), O_WRONLY | O_CREAT | O_EXCL, kFileMode), "{}",
      draft));
  WARREN_TRY(os::context(os::write_all(file.get(), std::as_bytes(std::span(text))), "{}", draft));
  return os::context(
      os::call([&] { return ::renameat(directory.get(), draft.c_str(), directory.get(), name); }),
      "{}", name);
}

Result<> write_certificates(const JobletConfig& config, const os::UniqueFd& directory) {
  WARREN_TRY(replace(directory, "ca.crt", config.authority));
  WARREN_TRY(replace(directory, "server.crt", config.certificate));
  return replace(directory, "server.key", config.key);
}

}  // namespace

Result<std::string> find_joblet_config(const std::string& path) {
  const std::vector<std::string> candidates = places(path);
  for (const std::string& candidate : candidates) {
    if (::access(candidate.c_str(), F_OK) == 0) return candidate;
  }
  return fail(Errc::kNotFound, "there is no configuration: {}", fmt::join(candidates, ", "));
}

Result<JobletConfig> read_joblet_config(const std::string& path) {
  WARREN_TRY(os::context(os::keep_memory_private(), "reading {}", path));
  const std::string text =
      WARREN_TRY(os::context(os::read_text(AT_FDCWD, path.c_str()), "reading {}", path));
  return context(parse_joblet_config(text), "{}", path);
}

Result<> write_joblet_files(const JobletConfig& config, const std::string& path) {
  const os::UniqueFd directory = WARREN_TRY(open_own_directory(path));
  WARREN_TRY(context(replace(directory, "warren.yaml", config.engine), "writing to {}", path));
  return context(write_certificates(config, directory), "writing to {}", path);
}

Result<> renew_joblet_certificates(const std::string& file, const std::string& path) {
  const JobletConfig config = WARREN_TRY(read_joblet_config(file));
  const os::UniqueFd directory = WARREN_TRY(open_own_directory(path));
  return context(write_certificates(config, directory), "writing to {}", path);
}

}  // namespace warren::client
