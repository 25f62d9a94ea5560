// SPDX-License-Identifier: Apache-2.0
//
// Accounts of this machine that a program without privileges may run as.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::os {

struct Account {
  uid_t uid;
  gid_t gid;
};

// Who the gateway is unless somebody says otherwise. A machine without this account needs none: the
// name then means a number that nobody else is given
// (docs/adr/0021-a-gateway-without-an-account.md).
inline constexpr std::string_view kGatewayAccount = "warren-gateway";
inline constexpr uid_t kGatewayNumber = 65533;

// The account `name`. kNotFound where there is none, kInvalidArgument where it is root or nobody,
// which more runs as than one program.
[[nodiscard]] Result<Account> find_unprivileged_account(const std::string& name);

}  // namespace warren::os
