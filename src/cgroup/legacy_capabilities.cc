// SPDX-License-Identifier: Apache-2.0

#include "cgroup/legacy_capabilities.h"

#include <algorithm>
#include <array>

namespace warren::cgroup {
namespace {

struct Probe {
  const char* name;
  const char* controller;
  const char* file;
  const char* how;
  bool restricted = false;
};

constexpr std::array kProbes{
    Probe{"limit.cpu", "cpu", "cpu.cfs_quota_us", "version 1 cpu controller"},
    Probe{"limit.cores", "cpuset", "cpuset.cpus", "version 1 cpuset controller"},
    Probe{"limit.memory", "memory", "memory.limit_in_bytes", "version 1 memory controller"},
    Probe{"limit.swap", "memory", "memory.memsw.limit_in_bytes", "version 1 memory controller"},
    Probe{"limit.pids", "pids", "pids.max", "version 1 pids controller"},
    Probe{"limit.io", "blkio", "blkio.throttle.write_bps_device",
          "version 1 blkio controller: reads and direct writes only, buffered writes are not "
          "charged; boot with the unified hierarchy to limit those too",
          true},
};

Capability describe(const Probe& probe, const Branch* branch) {
  if (branch == nullptr) {
    return {.name = probe.name,
            .available = false,
            .detail = fmt::format("the version 1 {0} controller is not mounted: mount -t cgroup -o "
                                  "{0} none /sys/fs/cgroup/{0}",
                                  probe.controller)};
  }
  if (!branch->engine().has(probe.file)) {
    return {.name = probe.name,
            .available = false,
            .detail = fmt::format("this kernel has no {}", probe.file)};
  }
  return {
      .name = probe.name, .available = true, .restricted = probe.restricted, .detail = probe.how};
}

}  // namespace

std::vector<Capability> legacy_capabilities(std::span<const Branch> limiting) {
  std::vector<Capability> capabilities;
  capabilities.reserve(kProbes.size());
  for (const Probe& probe : kProbes) {
    capabilities.push_back(describe(probe, find_branch(limiting, probe.controller)));
  }
  return capabilities;
}

const Branch* find_branch(std::span<const Branch> branches, std::string_view controller) noexcept {
  const auto found = std::ranges::find_if(
      branches, [&](const Branch& branch) { return branch.has_controller(controller); });
  return found == branches.end() ? nullptr : &*found;
}

}  // namespace warren::cgroup
