// SPDX-License-Identifier: Apache-2.0
//
// Names of groups within a tree. A name becomes part of a path that root writes to, so nothing but
// plain components passes. Pure.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::cgroup {

inline constexpr const char* kInitLeaf = "init";  // Of the engine: the inits of all sandboxes.
inline constexpr const char* kMainLeaf = "main";  // Of a unified group that has groups below it.

inline constexpr std::size_t kDeepest = 16;  // Components of a name.

// "<id>" or "<outermost id>/.../<id>", kDeepest at most; letters, digits, '-' and '_' only, since
// the kernel's own files have dots; neither `init` nor `main`; at most 128 bytes each.
[[nodiscard]] Result<> validate_group_name(std::string_view name);
// One such component.
[[nodiscard]] Result<> validate_component(std::string_view component);

struct SplitName {
  std::string_view parent;  // Empty for a group directly below the engine's directory.
  std::string_view leaf;
};
[[nodiscard]] SplitName split_name(std::string_view name) noexcept;
// The groups around it, outermost first: "a" and "a/b" of "a/b/c".
[[nodiscard]] std::vector<std::string_view> ancestors_of(std::string_view name);

}  // namespace warren::cgroup
