// SPDX-License-Identifier: Apache-2.0
//
// A loop device in front of a file (loop(4)). It detaches itself with its last user: the mount or
// the last descriptor.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/unique_fd.h"
#include "rootfs/layer_pool.h"

namespace warren::rootfs {

class LoopDevice {
 public:
  // The device that already stands in front of `file`, or a new one: never two of one file. Direct
  // I/O where the file system below can, so that the page cache does not hold everything twice.
  // Fails with kUnavailable where the host has no loop devices.
  [[nodiscard]] static Result<LoopDevice> attach(int file, const std::string& file_name);

  // Learns the new length of the file.
  [[nodiscard]] Result<> refresh_size();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }  // "/dev/loop3"
  [[nodiscard]] std::optional<DeviceNumber> number() const noexcept;

 private:
  LoopDevice(os::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  [[nodiscard]] static Result<std::optional<LoopDevice>> find(int file,
                                                              const std::string& file_name);

  os::UniqueFd fd_;
  std::string path_;
};

}  // namespace warren::rootfs
