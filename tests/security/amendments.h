// SPDX-License-Identifier: Apache-2.0
//
// Ways to take a defence out of a plan. Only tests use them: an attack that is never seen to
// succeed proves nothing.

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>

#include "plan/launch_plan.h"

namespace warren::test {

using Amendment = std::function<void(plan::LaunchPlan&)>;

// Every step of these kinds.
[[nodiscard]] Amendment without(std::initializer_list<plan::Op> ops);
// The steps of one kind on one slot.
[[nodiscard]] Amendment without(plan::Op op, plan::Slot slot);
// What is mounted on top of the file system `type`, masks excepted.
[[nodiscard]] Amendment without_mounts_on(const std::string& type);
// One text in all steps: an option of a file system.
[[nodiscard]] Amendment replace_text(const std::string& from, const std::string& to);
// Attributes (MOUNT_ATTR_*) of every mount that is made of the file system `type`.
[[nodiscard]] Amendment without_attributes(const std::string& type, std::uint64_t attributes);
// Hands `slot` to the command as descriptor `fd`, before what would close it.
[[nodiscard]] Amendment leak(plan::Slot slot, std::uint64_t fd);

// Init and command stay the root of the host, with all its capabilities. Masks, the system call
// filter and all other namespaces stay. The root file system is then read-only, for its layer
// knows no such user, so /tmp becomes a file system in memory.
void as_host_root(plan::LaunchPlan& plan);

// The sandbox's root keeps every capability within its user namespace.
[[nodiscard]] Amendment with_all_capabilities();

[[nodiscard]] Amendment all_of(std::initializer_list<Amendment> amendments);

}  // namespace warren::test
