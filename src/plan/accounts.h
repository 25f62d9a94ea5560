// SPDX-License-Identifier: Apache-2.0
//
// Users and groups of an image, looked up in the text of its passwd(5) and group(5).

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/spec.h"

namespace warren::plan {

struct Account {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // Supplementary.
  std::string home = "/";
};

// Numbers need no entry: they get the group of their entry if there is one, else the group 0 and
// the home "/". An unknown name is kInvalidArgument.
[[nodiscard]] Result<Account> find_account(const model::UserSpec& user, std::string_view passwd,
                                           std::string_view group);

}  // namespace warren::plan
