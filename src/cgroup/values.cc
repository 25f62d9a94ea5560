// SPDX-License-Identifier: Apache-2.0

#include "cgroup/values.h"

#include "cgroup/text.h"

namespace warren::cgroup {
namespace {

constexpr std::uint64_t kPeriodUsec = 100'000;
constexpr std::uint64_t kUsecPerPercent = kPeriodUsec / 100;  // Also the kernel's least quota.

std::string cpu_quota(std::uint32_t percent) {
  return std::to_string(percent * kUsecPerPercent);
}

std::vector<FileValue> legacy_memory(const model::Limits& limits) {
  if (!limits.memory) return {};
  const std::uint64_t memory = limits.memory->value;
  const std::uint64_t swap = limits.swap.value_or(Bytes{}).value;
  // The kernel refuses a sum of memory and swap below the limit of memory: the order matters.
  return {{.file = "memory.limit_in_bytes", .text = std::to_string(memory)},
          {.file = "memory.memsw.limit_in_bytes",
           .text = std::to_string(memory + swap),
           .optional = !limits.swap}};
}

std::vector<FileValue> legacy_io(const model::Limits& limits, const std::string& device) {
  const std::optional<Bytes> bandwidth = model::io_bandwidth(limits);
  if (!bandwidth) return {};
  const std::string text = fmt::format("{} {}", device, bandwidth->value);
  return {{.file = "blkio.throttle.read_bps_device", .text = text},
          {.file = "blkio.throttle.write_bps_device", .text = text}};
}

// A loop device hands everything to the disk below it, where it is counted again.
bool is_loop_device(std::string_view number) {
  return number.starts_with("7:");
}

}  // namespace

std::vector<FileValue> unified_values(const model::Limits& limits, const std::string& device) {
  std::vector<FileValue> values;
  const auto add = [&](std::string file, std::string text, bool optional = false) {
    values.push_back({std::move(file), std::move(text), optional});
  };
  if (limits.cpu_percent) {
    add("cpu.max", fmt::format("{} {}", cpu_quota(*limits.cpu_percent), kPeriodUsec));
  }
  if (!limits.cores.cores.empty()) add("cpuset.cpus", model::to_text(limits.cores));
  if (limits.memory) {
    add("memory.max", std::to_string(limits.memory->value));
  }
  if (limits.swap) {
    add("memory.swap.max", std::to_string(limits.swap->value));
  } else if (limits.memory) {
    add("memory.swap.max", "0", true);
  }
  if (limits.pids) add("pids.max", std::to_string(*limits.pids));
  if (const std::optional<Bytes> bandwidth = model::io_bandwidth(limits)) {
    add("io.max", fmt::format("{0} rbps={1} wbps={1}", device, bandwidth->value));
  }
  return values;
}

std::vector<FileValue> legacy_values(std::string_view controller, const model::Limits& limits,
                                     const std::string& device) {
  if (controller == "memory") return legacy_memory(limits);
  if (controller == "blkio") return legacy_io(limits, device);
  if (controller == "cpu" && limits.cpu_percent) {
    return {{.file = "cpu.cfs_period_us", .text = std::to_string(kPeriodUsec)},
            {.file = "cpu.cfs_quota_us", .text = cpu_quota(*limits.cpu_percent)}};
  }
  if (controller == "cpuset" && !limits.cores.cores.empty()) {
    return {{.file = "cpuset.cpus", .text = model::to_text(limits.cores)}};
  }
  if (controller == "pids" && limits.pids) {
    return {{.file = "pids.max", .text = std::to_string(*limits.pids)}};
  }
  return {};
}

std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(key) && line.substr(key.size()).starts_with(' ')) {
      return parse_number(line.substr(key.size()));
    }
  }
  return std::nullopt;
}

IoBytes parse_io_stat(std::string_view text) {
  constexpr std::string_view kRead = "rbytes=";
  constexpr std::string_view kWrite = "wbytes=";
  IoBytes sum;
  for (const std::string_view line : split(text, '\n')) {
    if (is_loop_device(line)) continue;
    for (const std::string_view word : split(line, ' ')) {
      if (word.starts_with(kRead)) {
        sum.read.value += parse_number(word.substr(kRead.size())).value_or(0);
      } else if (word.starts_with(kWrite)) {
        sum.write.value += parse_number(word.substr(kWrite.size())).value_or(0);
      }
    }
  }
  return sum;
}

IoBytes parse_throttle_bytes(std::string_view text) {
  IoBytes sum;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    // The last line is a total over all devices: "Total 42".
    if (words.size() != 3 || is_loop_device(words[0])) continue;
    const std::uint64_t count = parse_number(words[2]).value_or(0);
    if (words[1] == "Read") sum.read.value += count;
    if (words[1] == "Write") sum.write.value += count;
  }
  return sum;
}

}  // namespace warren::cgroup
