// SPDX-License-Identifier: Apache-2.0

#include "provider/local/core_picker.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace warren::provider {
namespace {

constexpr std::uint32_t kPercentOfOne = 100;

}  // namespace

CorePicker::CorePicker(std::vector<std::uint32_t> available)
    : available_(std::move(available)),
      users_(available_.empty() ? 0 : available_.back() + std::size_t{1}) {}

std::vector<std::uint32_t> CorePicker::pick(const model::Limits& limits) {
  std::vector<std::uint32_t> candidates = available_;
  if (!limits.cores.cores.empty()) {
    std::erase_if(candidates, [&](std::uint32_t core) {
      return !std::ranges::binary_search(limits.cores.cores, core);
    });
  }
  const std::size_t wanted = limits.cpu_percent
                                 ? (*limits.cpu_percent + kPercentOfOne - 1) / kPercentOfOne
                                 : candidates.size();
  if (candidates.empty() || (wanted >= available_.size() && candidates == available_)) return {};

  const std::lock_guard lock(mutex_);
  std::ranges::stable_sort(candidates, {}, [this](std::uint32_t core) { return users_[core]; });
  candidates.resize(std::min(wanted, candidates.size()));
  for (const std::uint32_t core : candidates) ++users_[core];
  std::ranges::sort(candidates);
  return candidates;
}

std::vector<std::uint32_t> CorePicker::pick_again(std::vector<std::uint32_t> cores) {
  std::erase_if(
      cores, [this](std::uint32_t core) { return !std::ranges::binary_search(available_, core); });
  const std::lock_guard lock(mutex_);
  for (const std::uint32_t core : cores) ++users_[core];
  return cores;
}

void CorePicker::release(const std::vector<std::uint32_t>& cores) {
  const std::lock_guard lock(mutex_);
  for (const std::uint32_t core : cores) --users_[core];
}

std::vector<std::uint32_t> own_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<std::uint32_t> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

}  // namespace warren::provider
