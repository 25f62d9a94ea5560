// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace warren::os {

// Whether a descriptor is the one that systemd connected to its journal when it started this
// service: JOURNAL_STREAM in systemd.exec(5).
[[nodiscard]] bool is_journal_stream(int fd);

}  // namespace warren::os
