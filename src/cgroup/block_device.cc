// SPDX-License-Identifier: Apache-2.0

#include "cgroup/block_device.h"

#include <fcntl.h>
#include <unistd.h>

#include "cgroup/text.h"
#include "os/context.h"
#include "os/text_file.h"

namespace warren::cgroup {
namespace {

// Only such a text may become part of a path.
bool is_device_number(std::string_view device) {
  const std::size_t colon = device.find(':');
  return colon != std::string_view::npos && parse_number(device.substr(0, colon)) &&
         parse_number(device.substr(colon + 1));
}

}  // namespace

Result<std::string> resolve_disk(std::string_view device, const std::string& sys) {
  if (!is_device_number(device)) {
    return fail(Errc::kInvalidArgument, "\"{}\" is not a device number like 8:0", device);
  }
  const std::string directory = fmt::format("{}/dev/block/{}", sys, device);
  if (::access(directory.c_str(), F_OK) != 0) {
    return fail(Errc::kFailedPrecondition,
                "I/O of device {} cannot be limited: it is not a block device", device);
  }
  if (::access((directory + "/partition").c_str(), F_OK) != 0) return std::string(device);
  // The directory of a partition lies in the one of its disk.
  std::string disk =
      WARREN_TRY(os::context(os::read_text(AT_FDCWD, (directory + "/../dev").c_str()),
                             "looking for the disk of {}", device));
  while (disk.ends_with('\n')) disk.pop_back();
  return disk;
}

}  // namespace warren::cgroup
