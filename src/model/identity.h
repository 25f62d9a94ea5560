// SPDX-License-Identifier: Apache-2.0
//
// Who is calling, and what they may do: one fixed table of roles and methods, with no wildcard and
// no default (S15). Ownership is compared by uid, never by name.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::model {

enum class Role : std::uint8_t {
  kAdmin,   // Does everything.
  kViewer,  // Sees everything and changes nothing.
  kUser,    // Sees and changes what is theirs.
};

struct Caller {
  std::uint32_t uid = 0;
  std::string name;  // As records and events show it: "root", "alice".
  Role role = Role::kUser;
  friend bool operator==(const Caller&, const Caller&) = default;
};

// The calls of api/proto/warren/v1/engine.proto, in its order.
enum class Method : std::uint8_t {
  kRun,
  kPlan,
  kGet,
  kList,
  kLog,
  kWait,
  kStop,
  kSignal,
  kPause,
  kResume,
  kDelete,
  kEvents,
  kStats,
  kDoctor,
  kShutdown,
};

// Whose nodes a call may touch. For a call that touches none, anything but kNone allows it.
enum class Scope : std::uint8_t { kNone, kOwn, kAll };

[[nodiscard]] Scope allowed(Role role, Method method) noexcept;

// Whether `caller` may use `method` on a node of `owner_uid`. A call on no node, and one that makes
// a node at the root, passes the caller's own uid. Fails with kPermissionDenied, naming the role
// and the operation.
[[nodiscard]] Result<> authorize(const Caller& caller, Method method, std::uint32_t owner_uid);

[[nodiscard]] std::string_view to_text(Role role) noexcept;      // "viewer"
[[nodiscard]] std::string_view to_text(Method method) noexcept;  // "Run"

}  // namespace warren::model
