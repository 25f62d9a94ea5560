// SPDX-License-Identifier: Apache-2.0

#include "cgroup/layout.h"

#include <algorithm>

#include "cgroup/text.h"

namespace warren::cgroup {
namespace {

// One line of /proc/self/cgroup: "4:memory:/own/path", "0::/own/path".
struct Membership {
  std::vector<std::string> controllers;
  std::string path;
  [[nodiscard]] bool is_unified() const { return controllers.empty(); }
};

// One cgroup line of /proc/self/mountinfo.
struct Mount {
  bool unified = false;
  std::string root;  // Directory of the hierarchy that the mount shows at its mount point.
  std::string mount_point;
  std::vector<std::string> options;
};

std::vector<std::string> to_strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

std::optional<Membership> parse_membership(std::string_view line) {
  const std::size_t first = line.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  return Membership{.controllers = to_strings(split(controllers, ',')),
                    .path = std::string(line.substr(second + 1))};
}

// Spaces and backslashes stand as \040 and \134 in mountinfo.
std::string unescape(std::string_view text) {
  const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1, 3);
    if (text[at] != '\\' || digits.size() < 3 || !std::ranges::all_of(digits, is_octal)) {
      plain += text[at];
      continue;
    }
    const int value = (digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0');
    plain += static_cast<char>(value);
    at += digits.size();
  }
  return plain;
}

// proc(5): "ID PARENT DEVICE ROOT MOUNT_POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS".
std::optional<Mount> parse_mount(std::string_view line) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, separator), ' ');
  const auto after = split(line.substr(separator + 3), ' ');
  if (before.size() < 6 || after.size() < 3) return std::nullopt;
  if (after[0] != "cgroup" && after[0] != "cgroup2") return std::nullopt;
  return Mount{.unified = after[0] == "cgroup2",
               .root = unescape(before[3]),
               .mount_point = unescape(before[4]),
               .options = to_strings(split(after[2], ','))};
}

bool shows(const Mount& mount, const Membership& membership) {
  if (mount.unified != membership.is_unified()) return false;
  return std::ranges::all_of(membership.controllers, [&](const std::string& controller) {
    return contains(mount.options, controller);
  });
}

std::string join(std::string_view mount_point, std::string_view below) {
  while (below.starts_with('/')) below.remove_prefix(1);
  while (below.ends_with('/')) below.remove_suffix(1);
  std::string path(mount_point);
  if (!below.empty()) path.append("/").append(below);
  return path;
}

// The path of the caller's own cgroup below the mount point; nothing if it lies outside, as in a
// container that mounts another part of the hierarchy or in a foreign cgroup namespace ("/..").
std::optional<std::string_view> below_mount(const Mount& mount, std::string_view own) {
  if (own.starts_with("/..")) return std::nullopt;
  if (mount.root == "/") return own;
  if (!own.starts_with(mount.root)) return std::nullopt;
  own.remove_prefix(mount.root.size());
  if (!own.empty() && !own.starts_with('/')) return std::nullopt;
  return own;
}

std::optional<std::string> find_directory(const Membership& membership,
                                          const std::vector<Mount>& mounts,
                                          const std::optional<std::string>& root) {
  for (const Mount& mount : mounts) {
    if (!shows(mount, membership)) continue;
    if (root) return join(mount.mount_point, *root);
    if (const auto below = below_mount(mount, membership.path)) {
      return join(mount.mount_point, *below);
    }
  }
  return std::nullopt;
}

bool is_named(const Membership& membership) {
  return std::ranges::any_of(membership.controllers, [](const std::string& controller) {
    return controller.starts_with("name=");
  });
}

}  // namespace

const Hierarchy* Layout::legacy_with(std::string_view controller) const noexcept {
  const auto found = std::ranges::find_if(legacy, [&](const Hierarchy& hierarchy) {
    return contains(hierarchy.controllers, controller);
  });
  return found == legacy.end() ? nullptr : &*found;
}

Result<Layout> parse_layout(std::string_view cgroups, std::string_view mountinfo,
                            const std::optional<std::string>& root) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    if (auto mount = parse_mount(line)) mounts.push_back(*std::move(mount));
  }
  Layout layout;
  for (const std::string_view line : split(cgroups, '\n')) {
    auto membership = parse_membership(line);
    if (!membership || is_named(*membership)) continue;
    auto directory = find_directory(*membership, mounts, root);
    if (!directory) continue;
    if (membership->is_unified()) {
      layout.unified = Hierarchy{.controllers = {}, .directory = *std::move(directory)};
    } else {
      layout.legacy.push_back({std::move(membership->controllers), *std::move(directory)});
    }
  }
  if (!layout.unified && layout.legacy.empty()) {
    return fail(Errc::kFailedPrecondition,
                "no cgroup hierarchy is mounted where this process can see its own cgroup");
  }
  return layout;
}

}  // namespace warren::cgroup
