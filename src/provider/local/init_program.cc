// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_program.h"

extern "C" {
// Of init_program.S.
extern const std::byte warren_init_begin;
extern const std::byte warren_init_end;
}

namespace warren::provider {

std::span<const std::byte> init_program() noexcept {
  return {&warren_init_begin, &warren_init_end};
}

}  // namespace warren::provider
