// SPDX-License-Identifier: Apache-2.0

#include "gateway/identity.h"

#include <algorithm>
#include <string_view>

#include "base/quote.h"

namespace warren::gateway {
namespace {

// Of ASCII alone: no letter of another alphabet is taken for one of these.
bool same_in_any_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

Result<model::Role> role_of(const std::optional<std::string>& unit) {
  if (!unit) return model::Role::kUser;
  if (same_in_any_case(*unit, "admin")) return model::Role::kAdmin;
  if (same_in_any_case(*unit, "viewer")) return model::Role::kViewer;
  return fail(Errc::kPermissionDenied, "your certificate's organizational unit {} is no role",
              quote(*unit));
}

}  // namespace

Result<Identity> identify(const std::string& common_name, const std::optional<std::string>& unit) {
  if (const auto valid = model::validate_certificate_name(common_name); !valid) {
    return fail(Errc::kPermissionDenied, "your certificate's common name: {}",
                valid.error().message);
  }
  const model::Role role = WARREN_TRY(role_of(unit));
  return Identity{.name = common_name, .role = role};
}

}  // namespace warren::gateway
