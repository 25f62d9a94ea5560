// SPDX-License-Identifier: Apache-2.0
//
// What warren-whole brings with it: all that Warren starts, so that a copy of it needs nothing
// beside it. docs/adr/0025-a-program-that-is-copied-alone.md says why.

#include <array>
#include <cstddef>

#include "os/program.h"

extern "C" {
// Of brought_programs.S.
extern const std::byte brought_engine_begin;
extern const std::byte brought_engine_end;
extern const std::byte brought_gateway_begin;
extern const std::byte brought_gateway_end;
extern const std::byte brought_relay_begin;
extern const std::byte brought_relay_end;
extern const std::byte brought_certs_begin;
extern const std::byte brought_certs_end;
}

namespace warren::os {

std::span<const BroughtProgram> brought_programs() noexcept {
  static const std::array kAll{
      BroughtProgram{"warrend", {&brought_engine_begin, &brought_engine_end}},
      BroughtProgram{"warren-gateway", {&brought_gateway_begin, &brought_gateway_end}},
      BroughtProgram{"warren-remote", {&brought_relay_begin, &brought_relay_end}},
      BroughtProgram{"warren-certs", {&brought_certs_begin, &brought_certs_end}},
  };
  return kAll;
}

}  // namespace warren::os
