// SPDX-License-Identifier: Apache-2.0
//
// The /etc of the image `host`: generated accounts and names, and copies of the few files of this
// machine without which its programs do not run.

#pragma once

#include <string>

#include "base/result.h"

namespace warren::rootfs {

// How many directories write_host_etc() makes at most, before all else.
inline constexpr int kHostEtcDirectories = 3;

// Fills `etc`, an open and empty directory, from the /etc of the machine whose root is
// `host_root`. What that machine lacks is left out.
[[nodiscard]] Result<> write_host_etc(int etc, int host_root);

// Text that changes whenever write_host_etc() would write something else.
[[nodiscard]] std::string host_etc_fingerprint(int host_root);

}  // namespace warren::rootfs
