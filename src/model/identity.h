// SPDX-License-Identifier: Apache-2.0
//
// Who is calling, through which face, and what they may do: one fixed table of roles, methods and
// faces, with no wildcard and no default (S15). An account is compared by its uid and a certificate
// by its whole name; one is never the other, whatever they are called.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::model {

// Who vouches for a name: this machine, or whoever issued a certificate.
enum class Realm : std::uint8_t { kLocal, kCertificate };

// How a call came: over the engine's own socket, or through one of the gateway's faces.
enum class Face : std::uint8_t { kLocal, kWarren, kJoblet, kJobWorker };

enum class Role : std::uint8_t {
  kAdmin,   // Does everything.
  kViewer,  // Sees everything but what JobWorker's users keep to themselves, and changes nothing.
  kUser,    // Sees and changes what is theirs.
};

// Whoever owns nodes, keys and turns.
struct Principal {
  Realm realm = Realm::kLocal;
  std::uint32_t uid = 0;  // Of an account; of a certificate, what no account has.
  std::string name;       // As records and events show it: "root", "alice".

  [[nodiscard]] static Principal of_account(std::uint32_t uid, std::string name);
  [[nodiscard]] static Principal of_certificate(std::string name);

  // Whether both are the same one. Two Principals of an account that was renamed are not equal.
  [[nodiscard]] bool is(const Principal& other) const noexcept;
  friend bool operator==(const Principal&, const Principal&) = default;
};

struct Caller {
  Principal principal;
  Role role = Role::kUser;
  Face face = Face::kLocal;
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
enum class Scope : std::uint8_t {
  kNone,
  kOwn,
  kOwnAndJobWorkers,  // And what others have made through JobWorker's face.
  kAllButJobWorkers,  // But what others have made through JobWorker's face.
  kAll,
};

[[nodiscard]] Scope allowed(Role role, Method method, Face face) noexcept;

// Whether `caller` may use `method` on a node of `owner` that came through `face`. A call on no
// node, and one that makes a node at the root, passes the caller's own. Fails with
// kPermissionDenied, naming the role and the operation.
[[nodiscard]] Result<> authorize(const Caller& caller, Method method, const Principal& owner,
                                 Face face);

// The face whose nodes alone a listing through `face` shows: what other systems' clients are told
// of are jobs as those know them. Absent: all nodes.
[[nodiscard]] std::optional<Face> listed_face(Face face) noexcept;

// Of a certificate: 1 to 64 characters of [A-Za-z0-9._@-].
[[nodiscard]] Result<> validate_certificate_name(std::string_view name);

// What keys and turns belong to: "alice", "cert:alice". No account has a colon in its name.
[[nodiscard]] std::string to_text(const Principal& principal);

[[nodiscard]] std::string_view to_text(Realm realm) noexcept;    // "certificate"
[[nodiscard]] std::string_view to_text(Face face) noexcept;      // "joblet"
[[nodiscard]] std::string_view to_text(Role role) noexcept;      // "viewer"
[[nodiscard]] std::string_view to_text(Method method) noexcept;  // "Run"

[[nodiscard]] Result<Realm> parse_realm(std::string_view text);
[[nodiscard]] Result<Face> parse_face(std::string_view text);

}  // namespace warren::model
