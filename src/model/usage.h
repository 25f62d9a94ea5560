// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>

#include "base/size.h"

namespace warren::model {

// What a sandbox has used: live while it runs, the last reading once it has ended.
struct Usage {
  std::uint64_t cpu_usec = 0;  // User and system together.
  Bytes memory;                // Now.
  Bytes memory_peak;
  Bytes io_read;
  Bytes io_write;
  std::uint64_t pids = 0;            // Now, threads included.
  std::uint64_t throttled_usec = 0;  // Time it was ready to run and held back by its cpu limit.
  friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace warren::model
