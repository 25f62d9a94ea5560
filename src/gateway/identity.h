// SPDX-License-Identifier: Apache-2.0
//
// Who a client is, from the subject of its verified certificate. Pure.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/identity.h"

namespace warren::gateway {

struct Identity {
  std::string name;
  model::Role role;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// No unit is a user; `admin` and `viewer`, in any case, are those roles. Everything else, and a
// name that is none, is kPermissionDenied.
[[nodiscard]] Result<Identity> identify(const std::string& common_name,
                                        const std::optional<std::string>& unit);

}  // namespace warren::gateway
