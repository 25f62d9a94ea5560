// SPDX-License-Identifier: Apache-2.0

#include "os/account.h"

#include <pwd.h>

#include <array>

#include "base/quote.h"

namespace warren::os {
namespace {

constexpr uid_t kNobody = 65534;

}  // namespace

Result<Account> find_unprivileged_account(const std::string& name) {
  std::array<char, 16384> buffer{};
  ::passwd record{};
  ::passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    if (name == kGatewayAccount) return Account{.uid = kGatewayNumber, .gid = kGatewayNumber};
    return fail(Errc::kNotFound, "there is no account {}: 'useradd --system' makes one",
                quote(name));
  }
  if (found->pw_uid == 0) {
    return fail(Errc::kInvalidArgument, "{} is root, which has every privilege", quote(name));
  }
  if (found->pw_uid == kNobody) {
    return fail(Errc::kInvalidArgument, "{} is nobody, as whom jobs run too", quote(name));
  }
  return Account{.uid = found->pw_uid, .gid = found->pw_gid};
}

}  // namespace warren::os
