// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

namespace warren::fuzz {

// What must hold for every input. The fuzzer keeps the input for which it does not.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace warren::fuzz
