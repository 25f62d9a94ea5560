// SPDX-License-Identifier: Apache-2.0
//
// A descriptor that travels with a message, and what it is: so that who cannot pass it on knows
// what to do instead.

#pragma once

#include "os/unique_fd.h"
#include "warren/v1/frame.pb.h"

namespace warren::wire {

struct Handed {
  v1::Handed kind;
  os::UniqueFd descriptor;
};

}  // namespace warren::wire
