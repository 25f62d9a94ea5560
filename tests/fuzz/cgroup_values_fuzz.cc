// SPDX-License-Identifier: Apache-2.0

#include "cgroup/values.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto number = warren::cgroup::find_number(text, "oom_kill");
  warren::fuzz::require(!number || text.find("oom_kill") != std::string_view::npos);
  std::ignore = warren::cgroup::parse_io_stat(text);
  std::ignore = warren::cgroup::parse_throttle_bytes(text);
  return 0;
}
