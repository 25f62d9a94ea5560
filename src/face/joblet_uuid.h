// SPDX-License-Identifier: Apache-2.0
//
// What the newer generation of Joblet's clients calls a job. They show and take the first eight
// characters of a uuid as a job's short name, but a node's id begins with the time at which it was
// made, which jobs of the same minute share. So the six bytes of that time and the last six, which
// are random, change places. A job's host name is the first twelve digits of its uuid. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warren::face::joblet {

// Of the whole id of a job, as the engine tells it. A uuid of version 4: these clients have seen no
// other, and parsers of their time know none above 5.
[[nodiscard]] std::string uuid_of(std::string_view id);

// The id whose uuid this is; nothing for a text that is no whole uuid of a job.
[[nodiscard]] std::optional<std::string> id_of(std::string_view uuid);

// Whether a uuid can begin with this: at least eight characters, or all of it.
[[nodiscard]] bool is_uuid_start(std::string_view text);

}  // namespace warren::face::joblet
