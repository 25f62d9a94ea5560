// SPDX-License-Identifier: Apache-2.0
//
// A LaunchPlan is the complete, ordered list of what init does to build a sandbox and to start a
// command in it. The engine compiles it from a spec; init obeys it and decides nothing. All policy
// is therefore on this side of the privilege boundary, where it can be tested as data.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/op.h"

namespace warren::plan {

struct Step {
  Op op;
  Slot slot = Slot::kNone;
  Slot other = Slot::kNone;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::vector<std::string> texts = {};  // Without NUL.
  std::vector<std::byte> data = {};     // Only where `texts` is empty.
  friend bool operator==(const Step&, const Step&) = default;
};

struct LaunchPlan {
  std::vector<Step> sandbox;  // Performed once; the first failure ends the launch.
  std::vector<Step> process;  // May be empty.
  friend bool operator==(const LaunchPlan&, const LaunchPlan&) = default;
};

// The form that init reads (plan/format.h). Fails with kInvalidArgument when it would be too large.
[[nodiscard]] Result<std::vector<std::byte>> encode(const LaunchPlan& plan);

// The reverse. `bytes` may come from anywhere and have any alignment.
[[nodiscard]] Result<LaunchPlan> decode(std::span<const std::byte> bytes);

// One line for each step, for `--plan`, messages and golden tests.
[[nodiscard]] std::string to_text(const LaunchPlan& plan);
[[nodiscard]] std::string to_text(const Step& step);

}  // namespace warren::plan
