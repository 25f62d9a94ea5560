// SPDX-License-Identifier: Apache-2.0

#include "provider/local/output_link.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <optional>

#include "base/failpoint.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::provider {
namespace {

constexpr mode_t kParentMode = 0755;

// Where a link leads; nothing where there is none, or no link.
Result<std::optional<std::string>> target_of(int directory, const char* name) {
  std::string target(PATH_MAX, '\0');
  const auto size = os::call_for<std::size_t>(
      [&] { return ::readlinkat(directory, name, target.data(), target.size()); });
  if (size) return target.substr(0, *size);
  const os::Errno error = size.error();
  const bool is_none = error == os::Errno{ENOENT} || error == os::Errno{ENOTDIR};
  if (is_none || error == os::Errno{EINVAL}) return std::nullopt;
  return fail(os::to_errc(error), "reading the link {}: {}", name, os::message(error));
}

Result<> remove_file(int directory, const char* name) {
  const auto removed = os::call([&] { return ::unlinkat(directory, name, 0); });
  if (removed || removed.error() == os::Errno{ENOENT}) return {};
  return os::context(removed, "removing {}", name);
}

Result<> make_parent(const std::string& link) {
  const std::string parent = link.substr(0, link.rfind('/'));
  const auto made = os::make_directory(AT_FDCWD, parent.c_str(), kParentMode);
  if (made || made.error() == os::Errno{EEXIST}) return {};
  return os::context(made, "making {}", parent);
}

}  // namespace

Result<> make_output_link(const OutputDirectory& output, const std::string& link) {
  WARREN_TRY(remove_output_link(output));
  WARREN_TRY(make_parent(link));
  WARREN_TRY(os::context(os::call([&] { return ::symlinkat(link.c_str(), output.fd, kPlace); }),
                         "noting the place of the output"));
  failpoint("link.noted");
  WARREN_TRY(os::context(
      os::call([&] { return ::symlinkat(output.path.c_str(), AT_FDCWD, link.c_str()); }),
      "making the link {}", link));
  failpoint("link.made");
  return {};
}

Result<> remove_output_link(const OutputDirectory& output) {
  const std::optional<std::string> link = WARREN_TRY(target_of(output.fd, kPlace));
  if (!link) return {};
  const auto target = WARREN_TRY(target_of(AT_FDCWD, link->c_str()));
  if (target == output.path) WARREN_TRY(remove_file(AT_FDCWD, link->c_str()));
  failpoint("link.removed");
  return remove_file(output.fd, kPlace);
}

}  // namespace warren::provider
