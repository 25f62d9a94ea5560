// SPDX-License-Identifier: Apache-2.0
//
// JSON objects as aligned text for people. Control characters of what it shows never reach a
// terminal.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace warren::client {

// One row for each object of `rows`, one column for each of `fields`, after a line with their
// names.
[[nodiscard]] Result<std::string> format_table(const nlohmann::ordered_json& rows,
                                               const std::vector<std::string>& fields);

// "key: value" lines of one object; objects inside it are indented.
[[nodiscard]] std::string format_object(const nlohmann::ordered_json& object);

[[nodiscard]] std::unexpected<Error> no_such_field(const std::string& name);

// Only `fields` of `object`, in their order; all when `fields` is empty. Fails on an unknown name.
[[nodiscard]] Result<nlohmann::ordered_json> select_fields(const nlohmann::ordered_json& object,
                                                           const std::vector<std::string>& fields);

}  // namespace warren::client
