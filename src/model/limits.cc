// SPDX-License-Identifier: Apache-2.0

#include "model/limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>
#include <limits>
#include <set>

#include "base/quote.h"

namespace warren::model {
namespace {

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
constexpr std::uint32_t kMostCpuPercent = 100 * 1024;  // Of 1024 cores.
constexpr std::uint64_t kMostPids = 4'194'304;         // PID_MAX_LIMIT of the kernel.
constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int64_t>::max();
constexpr Bytes kLeastMemory{kMebi};  // With less, execve(2) itself runs out.
constexpr Bytes kLeastDisk{kMebi};
constexpr Bytes kLeastLog{4096};
constexpr Bytes kLeastBandwidth{1};

struct ClassOfIo {
  IoClass io_class;
  std::string_view name;
  std::optional<Bytes> bandwidth;
};

constexpr std::array kIoClasses{
    ClassOfIo{IoClass::kLow, "low", Bytes{kMebi}},
    ClassOfIo{IoClass::kMedium, "med", Bytes{10 * kMebi}},
    ClassOfIo{IoClass::kHigh, "high", std::nullopt},
};

const ClassOfIo& find_class(IoClass io_class) noexcept {
  const auto* const found = std::ranges::find(kIoClasses, io_class, &ClassOfIo::io_class);
  return found == kIoClasses.end() ? kIoClasses.back() : *found;
}

std::optional<std::uint32_t> parse_core(std::string_view text) noexcept {
  std::uint32_t core = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), core);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return core;
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

std::optional<Range> parse_range(std::string_view text) noexcept {
  const std::size_t dash = text.find('-');
  const std::optional<std::uint32_t> first = parse_core(text.substr(0, dash));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return Range{*first, *first};
  const std::optional<std::uint32_t> last = parse_core(text.substr(dash + 1));
  if (!last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

Result<> check_size(std::string_view name, std::optional<Bytes> size, Bytes least) {
  if (size && *size < least) {
    return fail(Errc::kInvalidArgument, "{}: {} bytes is less than the smallest limit, {}", name,
                size->value, to_text(least));
  }
  if (size && size->value > kMostBytes) {
    return fail(Errc::kInvalidArgument, "{}: {} bytes is more than 2^63 - 1", name, size->value);
  }
  return {};
}

Result<> check_count(std::string_view name, std::optional<std::uint64_t> count,
                     std::uint64_t most) {
  if (count && (*count < 1 || *count > most)) {
    return fail(Errc::kInvalidArgument, "{}: {} is not between 1 and {}", name, *count, most);
  }
  return {};
}

Result<> check_cores(const CoreSet& set) {
  if (std::ranges::adjacent_find(set.cores, std::greater_equal()) != set.cores.end()) {
    return fail(Errc::kInvalidArgument, "cpu-cores: the list is not in rising order");
  }
  return {};
}

template <typename T>
std::optional<T> smaller(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Cores outside the parent's are dropped. A child left with none gets all of its parent's, because
// an empty set would restrict nothing.
CoreSet narrow_cores(const CoreSet& parent, const CoreSet& child) {
  if (parent.cores.empty()) return child;
  CoreSet both;
  std::ranges::set_intersection(parent.cores, child.cores, std::back_inserter(both.cores));
  return both.cores.empty() ? parent : both;
}

// Under a memory limit an absent swap limit means no swap at all.
std::optional<Bytes> narrow_swap(const Limits& parent, const Limits& child) {
  if (!parent.memory) return smaller(parent.swap, child.swap);
  if (!child.memory && !child.swap) return parent.swap;
  if (!child.swap) return std::nullopt;
  return std::min(parent.swap.value_or(Bytes{}), *child.swap);
}

void narrow_io(const Limits& parent, Limits& child) {
  const std::optional<Bytes> most = io_bandwidth(parent);
  const std::optional<Bytes> own = io_bandwidth(child);
  if (!most || (own && *own <= *most)) return;
  child.io_per_second = most;
  child.io_direct_only = child.io_direct_only || parent.io_direct_only;
}

}  // namespace

Result<CoreSet> parse_cores(std::string_view text, std::uint32_t available) {
  std::set<std::uint32_t> cores;
  std::string_view rest = text;
  while (!text.empty()) {
    const std::size_t comma = rest.find(',');
    const std::optional<Range> range = parse_range(rest.substr(0, comma));
    if (!range) {
      return fail(Errc::kInvalidArgument, "{} is not a list of cores such as 0-3,5", quote(text));
    }
    if (range->last >= available) {
      return fail(Errc::kInvalidArgument, "core {} does not exist: there are {}", range->last,
                  available);
    }
    for (std::uint32_t core = range->first; core <= range->last; ++core) cores.insert(core);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return CoreSet{{cores.begin(), cores.end()}};
}

std::string to_text(const CoreSet& cores) {
  std::string out;
  for (auto first = cores.cores.begin(); first != cores.cores.end();) {
    auto last = first;
    while (std::next(last) != cores.cores.end() && *std::next(last) == *last + 1) ++last;
    if (!out.empty()) out.push_back(',');
    out += first == last ? fmt::format("{}", *first) : fmt::format("{}-{}", *first, *last);
    first = std::next(last);
  }
  return out;
}

Result<IoClass> parse_io_class(std::string_view text) {
  const auto* const found = std::ranges::find(kIoClasses, text, &ClassOfIo::name);
  if (found == kIoClasses.end()) {
    return fail(Errc::kInvalidArgument, "{} is not an I/O class: use low, med or high",
                quote(text));
  }
  return found->io_class;
}

std::string_view to_text(IoClass io_class) noexcept {
  return find_class(io_class).name;
}

std::optional<Bytes> bytes_per_second(IoClass io_class) noexcept {
  return find_class(io_class).bandwidth;
}

std::optional<Bytes> io_bandwidth(const Limits& limits) noexcept {
  if (limits.io_per_second) return limits.io_per_second;
  return limits.io_class ? bytes_per_second(*limits.io_class) : std::nullopt;
}

Result<> validate(const Limits& limits) {
  WARREN_TRY(check_count("max-cpu", limits.cpu_percent, kMostCpuPercent));
  WARREN_TRY(check_cores(limits.cores));
  WARREN_TRY(check_size("max-memory", limits.memory, kLeastMemory));
  WARREN_TRY(check_size("max-swap", limits.swap, Bytes{}));
  WARREN_TRY(check_count("max-pids", limits.pids, kMostPids));
  WARREN_TRY(check_size("max-iobps", limits.io_per_second, kLeastBandwidth));
  WARREN_TRY(check_size("max-disk", limits.disk, kLeastDisk));
  WARREN_TRY(check_size("max-log", limits.log, kLeastLog));
  if (limits.timeout && *limits.timeout <= Duration::zero()) {
    return fail(Errc::kInvalidArgument, "timeout: {} is not a time to run",
                warren::to_text(*limits.timeout));
  }
  if (limits.swap && !limits.memory) {
    return fail(Errc::kInvalidArgument, "max-swap: holds only together with max-memory");
  }
  return {};
}

Limits narrow(const Limits& parent, const Limits& child) {
  Limits out = child;
  out.cpu_percent = smaller(parent.cpu_percent, child.cpu_percent);
  out.cores = narrow_cores(parent.cores, child.cores);
  out.memory = smaller(parent.memory, child.memory);
  out.swap = narrow_swap(parent, child);
  out.pids = smaller(parent.pids, child.pids);
  narrow_io(parent, out);
  out.timeout = smaller(parent.timeout, child.timeout);
  return out;
}

}  // namespace warren::model
