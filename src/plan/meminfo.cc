// SPDX-License-Identifier: Apache-2.0

#include "plan/meminfo.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>

namespace warren::plan {
namespace {

enum class Amount : std::uint8_t { kMemory, kSwap, kNone };

struct Line {
  const char* name;
  Amount amount;
};

// In the kernel's order.
constexpr std::array kLines{
    Line{"MemTotal:", Amount::kMemory},     Line{"MemFree:", Amount::kMemory},
    Line{"MemAvailable:", Amount::kMemory}, Line{"Buffers:", Amount::kNone},
    Line{"Cached:", Amount::kNone},         Line{"SwapCached:", Amount::kNone},
    Line{"Active:", Amount::kNone},         Line{"Inactive:", Amount::kNone},
    Line{"Active(anon):", Amount::kNone},   Line{"Inactive(anon):", Amount::kNone},
    Line{"Active(file):", Amount::kNone},   Line{"Inactive(file):", Amount::kNone},
    Line{"Unevictable:", Amount::kNone},    Line{"Mlocked:", Amount::kNone},
    Line{"SwapTotal:", Amount::kSwap},      Line{"SwapFree:", Amount::kSwap},
    Line{"Dirty:", Amount::kNone},          Line{"Writeback:", Amount::kNone},
    Line{"AnonPages:", Amount::kNone},      Line{"Mapped:", Amount::kNone},
    Line{"Shmem:", Amount::kNone},          Line{"KReclaimable:", Amount::kNone},
    Line{"Slab:", Amount::kNone},           Line{"SReclaimable:", Amount::kNone},
    Line{"SUnreclaim:", Amount::kNone},     Line{"KernelStack:", Amount::kNone},
    Line{"PageTables:", Amount::kNone},
};

}  // namespace

std::string meminfo_of(Bytes memory, Bytes swap) {
  constexpr std::uint64_t kKibibyte = 1024;
  const auto amount = [&](Amount which) -> std::uint64_t {
    if (which == Amount::kNone) return 0;
    return (which == Amount::kMemory ? memory : swap).value / kKibibyte;
  };
  std::string text;
  // Names and numbers in columns, as the kernel sets them: some programs count characters.
  for (const Line& line : kLines) {
    fmt::format_to(std::back_inserter(text), "{:<16}{:>8} kB\n", line.name, amount(line.amount));
  }
  return text;
}

}  // namespace warren::plan
