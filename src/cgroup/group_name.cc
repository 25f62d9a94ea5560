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
  if (const std::size_t slash = name.find('/'); slash != std::string_view::npos) {
    if (auto parent = validate_component(name.substr(0, slash)); !parent) return parent;
    name.remove_prefix(slash + 1);
  }
  return validate_component(name);
}

SplitName split_name(std::string_view name) noexcept {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return {.parent = {}, .leaf = name};
  return {.parent = name.substr(0, slash), .leaf = name.substr(slash + 1)};
}

}  // namespace warren::cgroup
