// SPDX-License-Identifier: Apache-2.0
//
// What Joblet's command line shows of its server's answers. Pure. Each text ends its last line, and
// no control character of an answer reaches a terminal.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "joblet/v2_10.pb.h"

namespace warren::face::joblet {

// What the answer to RunJob does not say, as it was asked for; empty or 0 where it was not.
struct Asked {
  std::string_view schedule;
  std::string_view network;
  std::size_t files = 0;
};

// "Job started:" and a line for each thing worth knowing.
[[nodiscard]] std::string started_text(const v2_10::RunJobRes& job, const Asked& asked);

// A table, or "No jobs found".
[[nodiscard]] std::string list_text(const v2_10::Jobs& jobs);

[[nodiscard]] std::string status_text(const v2_10::GetJobStatusRes& job);
[[nodiscard]] std::string stopped_text(const v2_10::StopJobRes& job);

// A table that marks the networks every server has.
[[nodiscard]] std::string networks_text(const v2_10::Networks& networks);
[[nodiscard]] std::string network_created_text(const v2_10::CreateNetworkRes& network);
// What the server says of it, or that it is done.
[[nodiscard]] std::string network_removed_text(std::string_view name,
                                               const v2_10::RemoveNetworkRes& answer);

}  // namespace warren::face::joblet
