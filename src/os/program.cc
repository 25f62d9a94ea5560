// SPDX-License-Identifier: Apache-2.0

#include "os/program.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "base/result.h"
#include "os/call.h"

namespace warren::os {
namespace {

constexpr std::array<std::string_view, 2> kInstalled{"/usr/local/bin/", "/usr/bin/"};

KernelResult<std::string> own_directory() {
  std::array<char, PATH_MAX> path;
  const std::size_t length = WARREN_TRY(call_for<std::size_t>(
      [&] { return ::readlink("/proc/self/exe", path.data(), path.size()); }));
  const std::string_view self(path.data(), length);
  return std::string(self.substr(0, self.rfind('/') + 1));
}

}  // namespace

KernelResult<std::string> find_program(std::string_view name) {
  const std::string own = WARREN_TRY(own_directory());
  for (const std::string_view directory : {std::string_view(own), kInstalled[0], kInstalled[1]}) {
    std::string path = std::string(directory).append(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::unexpected(Errno{ENOENT});
}

}  // namespace warren::os
