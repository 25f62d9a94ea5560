// SPDX-License-Identifier: Apache-2.0

#include "client/personality/user_certificate.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "os/context.h"
#include "os/process.h"
#include "os/text_file.h"

namespace warren::client {
namespace {

namespace fs = std::filesystem;

Result<std::string> read(const fs::path& path) {
  return os::context(os::read_text(AT_FDCWD, path.c_str()), "reading {}", path.string());
}

Result<std::vector<fs::path>> directories_of_users(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> users;
  fs::directory_iterator entry(directory, error);
  if (error) return fail(Errc::kNotFound, "-certs: {}: {}", directory, error.message());
  for (const fs::directory_iterator end; entry != end; entry.increment(error)) {
    std::error_code absent;
    if (fs::exists(entry->path() / "client.crt", absent)) users.push_back(entry->path());
    if (error) break;
  }
  std::ranges::sort(users);
  return users;
}

}  // namespace

Result<UserCertificate> read_user_certificate(const std::string& directory, Authority authority) {
  const std::vector<fs::path> users = WARREN_TRY(directories_of_users(directory));
  if (users.empty()) {
    return fail(Errc::kNotFound,
                "-certs: no directory in {} has a client.crt: 'make certs user' makes one",
                directory);
  }
  if (users.size() > 1) {
    return fail(Errc::kFailedPrecondition,
                "-certs: {} has more than one user, such as {} and {}: which of them you are is "
                "said by a directory that has one",
                directory, users[0].filename().string(), users[1].filename().string());
  }
  WARREN_TRY(os::context(os::keep_memory_private(), "reading a key"));
  UserCertificate found;
  found.certificate = WARREN_TRY(read(users.front() / "client.crt"));
  found.key = WARREN_TRY(read(users.front() / "client.key"));
  auto ca = read(fs::path(directory) / "ca.crt");
  if (!ca && authority == Authority::kRequired) return std::unexpected(ca.error());
  found.authority = std::move(ca).value_or(std::string());
  return found;
}

}  // namespace warren::client
