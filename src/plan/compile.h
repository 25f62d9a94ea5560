// SPDX-License-Identifier: Apache-2.0
//
// Policy. Turns what the user asked for into what the kernel is told. Pure: the same input always
// gives the same plan, and nothing on the host is read or changed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/spec.h"
#include "plan/launch_plan.h"

namespace warren::plan {

// What the image offers: its accounts, as text of its own /etc/passwd and /etc/group, its place in
// the pool, and for the image `host` the host directories that are seen through it.
struct Image {
  std::string layers;                   // Colon-separated, topmost first, relative to the pool.
  std::vector<std::string> host_trees;  // "usr": bound read-only at the same place, in this order.
  std::string passwd;
  std::string group;
  std::string path;  // Default PATH.
};

// The file of a sandbox's directory, beside upper/ and work/, with the text of meminfo_of().
inline constexpr const char* kMeminfo = "meminfo";

// What the host adds to a sandbox, already decided and numbered.
struct Resources {
  std::string sandbox_dir;       // Relative to the pool: has upper/ and work/.
  std::uint32_t first_id = 0;    // Host id that is 0 inside; 65,536 ids follow.
  std::uint32_t init_tasks = 0;  // How many v1 hierarchies init joins,
  std::uint32_t work_tasks = 0;  // and the command.
  bool has_work_group = false;   // The command can be cloned into its cgroup.
  bool has_kill_file = false;
  bool has_meminfo = false;  // kMeminfo in sandbox_dir is what the command reads in /proc/meminfo.
  std::vector<std::uint32_t> affinity;  // Cores to which the command is bound at first. Empty: all.
  std::string hostname;
  std::vector<std::byte> seccomp;  // A filter in BPF; empty: none.
};

// `spec` has been validated. Fails with kInvalidArgument when a user or group is not in the image.
[[nodiscard]] Result<LaunchPlan> compile(const model::JobSpec& spec, const Image& image,
                                         const Resources& resources);

}  // namespace warren::plan
