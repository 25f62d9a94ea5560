// SPDX-License-Identifier: Apache-2.0
//
// The clock on this machine's wall: the zone of TZ, else of /etc/localtime.

#pragma once

#include "base/duration.h"
#include "base/result.h"

namespace warren::os {

// The instant at which the clock shows `local`. Of the hour that comes twice in autumn it is the
// first; a time that is left out in spring is as long after midnight as on other days, so 02:30
// means what that clock shows as 03:30. Fails on years that the C library does not know.
[[nodiscard]] Result<Timestamp> to_timestamp(LocalTimestamp local);

}  // namespace warren::os
