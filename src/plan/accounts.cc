// SPDX-License-Identifier: Apache-2.0

#include "plan/accounts.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace warren::plan {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Ids above 65,535 have no place in a sandbox's range, so an entry with one is as good as absent.
std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

struct PasswdEntry {
  std::string_view name;
  std::uint32_t uid;
  std::uint32_t gid;
  std::string_view home;
};

std::optional<PasswdEntry> parse_passwd(std::string_view line) {
  // Its texts go on as C strings.
  if (line.find('\0') != std::string_view::npos) return std::nullopt;
  const auto fields = split(line, ':');
  if (fields.size() < 6) return std::nullopt;
  const auto uid = parse_id(fields[2]);
  const auto gid = parse_id(fields[3]);
  if (!uid || !gid) return std::nullopt;
  return PasswdEntry{.name = fields[0], .uid = *uid, .gid = *gid, .home = fields[5]};
}

std::optional<PasswdEntry> find_user(std::string_view user, std::string_view passwd) {
  const auto uid = parse_id(user);
  for (const std::string_view line : split(passwd, '\n')) {
    const auto entry = parse_passwd(line);
    if (entry && (uid ? entry->uid == *uid : entry->name == user)) return entry;
  }
  return std::nullopt;
}

struct GroupEntry {
  std::string_view name;
  std::uint32_t gid;
  std::string_view members;
};

std::vector<GroupEntry> parse_groups(std::string_view text) {
  std::vector<GroupEntry> groups;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    if (const auto gid = parse_id(fields[2])) groups.push_back({fields[0], *gid, fields[3]});
  }
  return groups;
}

std::optional<std::uint32_t> find_group(std::string_view name, std::string_view text) {
  if (const auto gid = parse_id(name)) return gid;
  for (const GroupEntry& entry : parse_groups(text)) {
    if (entry.name == name) return entry.gid;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> groups_of(std::string_view user, std::string_view text) {
  std::vector<std::uint32_t> groups;
  for (const GroupEntry& entry : parse_groups(text)) {
    const auto members = split(entry.members, ',');
    if (std::ranges::find(members, user) != members.end()) groups.push_back(entry.gid);
  }
  return groups;
}

}  // namespace

Result<Account> find_account(const model::UserSpec& user, std::string_view passwd,
                             std::string_view group) {
  Account account;
  if (const auto entry = find_user(user.user, passwd)) {
    account = {.uid = entry->uid,
               .gid = entry->gid,
               .groups = groups_of(entry->name, group),
               .home = std::string(entry->home)};
  } else if (const auto uid = parse_id(user.user)) {
    account.uid = *uid;
  } else {
    return fail(Errc::kInvalidArgument, "user: the image has no user '{}'", user.user);
  }
  if (!user.group.empty()) {
    const auto gid = find_group(user.group, group);
    if (!gid) {
      return fail(Errc::kInvalidArgument, "user: the image has no group '{}'", user.group);
    }
    account.gid = *gid;
    account.groups.clear();
  }
  return account;
}

}  // namespace warren::plan
