// SPDX-License-Identifier: Apache-2.0

#include "provider/local/memory_view.h"

#include <sys/sysinfo.h>

#include <algorithm>

#include "plan/meminfo.h"

namespace warren::provider {

std::optional<std::string> meminfo_within(const cgroup::MemoryBounds& bounds) {
  struct sysinfo host {};
  if (!bounds.memory || ::sysinfo(&host) < 0) return std::nullopt;
  const Bytes memory{std::uint64_t{host.totalram} * host.mem_unit};
  const Bytes swap{std::uint64_t{host.totalswap} * host.mem_unit};
  if (*bounds.memory >= memory) return std::nullopt;
  return plan::meminfo_of(*bounds.memory, std::min(bounds.swap.value_or(swap), swap));
}

}  // namespace warren::provider
