// SPDX-License-Identifier: Apache-2.0

#include "cgroup/group_name.h"

#include <algorithm>

namespace warren::cgroup {
namespace {

constexpr std::size_t kLongest = 128;

// Written out: the functions of <cctype> follow the locale.
bool is_plain(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '_';
}

}  // namespace

Result<> validate_component(std::string_view component) {
  if (component.empty() || component.size() > kLongest || component == kInitLeaf ||
      component == kMainLeaf || !std::ranges::all_of(component, is_plain)) {
    return fail(Errc::kInvalidArgument, "\"{}\" cannot be the name of a cgroup", component);
  }
  return {};
}

Result<> validate_group_name(std::string_view name) {
  for (std::size_t depth = 1; depth <= kDeepest; ++depth) {
    const std::size_t slash = name.find('/');
    if (auto valid = validate_component(name.substr(0, slash)); !valid) return valid;
    if (slash == std::string_view::npos) return {};
    name.remove_prefix(slash + 1);
  }
  return fail(Errc::kInvalidArgument, "cgroups are nested {} deep at most", std::size_t{kDeepest});
}

SplitName split_name(std::string_view name) noexcept {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return {.parent = {}, .leaf = name};
  return {.parent = name.substr(0, slash), .leaf = name.substr(slash + 1)};
}

std::vector<std::string_view> ancestors_of(std::string_view name) {
  std::vector<std::string_view> ancestors;
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    ancestors.push_back(name.substr(0, slash));
  }
  return ancestors;
}

}  // namespace warren::cgroup
