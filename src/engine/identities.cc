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

Result<model::Role> role_of(const v1::OnBehalfOf& subject) {
  switch (subject.role()) {
    case v1::OnBehalfOf::ROLE_ADMIN:
      return model::Role::kAdmin;
    case v1::OnBehalfOf::ROLE_VIEWER:
      return model::Role::kViewer;
    case v1::OnBehalfOf::ROLE_USER:
      return model::Role::kUser;
    default:
      return fail(Errc::kInvalidArgument, "there is no role {}", static_cast<int>(subject.role()));
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
  model::Caller caller{.principal = model::Principal::of_account(uid, account.name)};
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

Result<model::Caller> identify(const v1::OnBehalfOf& subject, const Config& config) {
  WARREN_TRY(context(model::validate_certificate_name(subject.name()), "on_behalf_of: name"));
  const auto role = WARREN_TRY(context(role_of(subject), "on_behalf_of"));
  const auto face = WARREN_TRY(context(model::parse_face(subject.face()), "on_behalf_of"));
  // Absent for the engine's own socket: there nobody is called for.
  const FaceCaps* const caps = caps_of(config, face);
  if (caps == nullptr || !caps->enabled) {
    return fail(Errc::kPermissionDenied, "on_behalf_of: the face {} is not open",
                model::to_text(face));
  }
  return model::Caller{
      .principal = model::Principal::of_certificate(subject.name()), .role = role, .face = face};
}

}  // namespace warren::engine
