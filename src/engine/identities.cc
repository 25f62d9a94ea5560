// SPDX-License-Identifier: Apache-2.0

#include "engine/identities.h"

#include <grp.h>
#include <pwd.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <string_view>

namespace warren::engine {
namespace {

constexpr std::size_t kRecordSize = 16384;
constexpr int kMostGroups = 1024;

void add_group(std::vector<std::string>& names, gid_t id) {
  std::array<char, kRecordSize> buffer{};
  ::group record{};
  ::group* found = nullptr;
  if (::getgrgid_r(id, &record, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    names.emplace_back(found->gr_name);
  }
}

bool is_in(const Account& account, std::string_view group) {
  return !group.empty() && std::ranges::find(account.groups, group) != account.groups.end();
}

}  // namespace

Account look_up_account(const wire::Peer& peer) {
  Account account{.name = fmt::to_string(peer.uid), .groups = {}};
  add_group(account.groups, peer.gid);
  std::array<char, kRecordSize> buffer{};
  ::passwd record{};
  ::passwd* found = nullptr;
  if (::getpwuid_r(peer.uid, &record, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return account;
  }
  account.name = found->pw_name;
  std::array<gid_t, kMostGroups> groups{};
  int count = kMostGroups;
  // getgrouplist(3); a user in more groups keeps the first ones.
  if (::getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0) count = kMostGroups;
  for (int i = 0; i < count; ++i) add_group(account.groups, groups.at(static_cast<std::size_t>(i)));
  return account;
}

Result<model::Caller> identify(std::uint32_t uid, const Account& account, const Config& config) {
  model::Caller caller{.uid = uid, .name = account.name, .role = model::Role::kUser};
  if (uid == 0 || is_in(account, config.admin_group)) {
    caller.role = model::Role::kAdmin;
  } else if (is_in(account, config.viewer_group)) {
    caller.role = model::Role::kViewer;
  } else if (!config.local_users) {
    return fail(Errc::kPermissionDenied,
                "user {} has no role here: join group {}, or set local_users in warren.yaml",
                account.name, config.admin_group);
  }
  return caller;
}

}  // namespace warren::engine
