// SPDX-License-Identifier: Apache-2.0
//
// Limits as the texts of kernel files, and the texts of kernel files as numbers: the unified
// hierarchy as in Documentation/admin-guide/cgroup-v2.rst, version 1 as in
// Documentation/admin-guide/cgroup-v1/ and Documentation/scheduler/sched-bwc.rst. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/size.h"
#include "model/limits.h"

namespace warren::cgroup {

// What to write into which file of a group, in this order.
struct FileValue {
  std::string file;
  std::string text;
  bool optional = false;  // Skipped where the kernel does not have the file.
  friend bool operator==(const FileValue&, const FileValue&) = default;
};

// `device` is "MAJOR:MINOR" of the whole disk that I/O limits are for.
[[nodiscard]] std::vector<FileValue> unified_values(const model::Limits& limits,
                                                    const std::string& device);
// Of one controller of version 1, except the cpuset's memory nodes, which are inherited.
[[nodiscard]] std::vector<FileValue> legacy_values(std::string_view controller,
                                                   const model::Limits& limits,
                                                   const std::string& device);

// The number behind `key` in lines of "key number": cpu.stat, memory.events, memory.oom_control.
[[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key);

struct IoBytes {
  Bytes read;
  Bytes write;
  friend bool operator==(const IoBytes&, const IoBytes&) = default;
};

// io.stat: "8:0 rbytes=1 wbytes=2 rios=3 ...", summed over all devices but loop devices, whose
// traffic the disks below them count.
[[nodiscard]] IoBytes parse_io_stat(std::string_view text);
// blkio.throttle.io_service_bytes: "8:0 Read 1", summed likewise.
[[nodiscard]] IoBytes parse_throttle_bytes(std::string_view text);

}  // namespace warren::cgroup
