// SPDX-License-Identifier: Apache-2.0

#include "model/identity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/quote.h"

namespace warren::model {
namespace {

using enum Scope;

constexpr std::uint32_t kNoAccount = std::numeric_limits<std::uint32_t>::max();  // (uid_t) -1
constexpr std::size_t kLongestName = 64;

constexpr std::array kRealms{
    std::pair{Realm::kLocal, std::string_view("local")},
    std::pair{Realm::kCertificate, std::string_view("certificate")},
};

constexpr std::array kFaces{
    std::pair{Face::kLocal, std::string_view("local")},
    std::pair{Face::kWarren, std::string_view("warren")},
    std::pair{Face::kJoblet, std::string_view("joblet")},
    std::pair{Face::kJobWorker, std::string_view("jobworker")},
};

constexpr std::array kMethods{
    std::pair{Method::kRun, std::string_view("Run")},
    std::pair{Method::kPlan, std::string_view("Plan")},
    std::pair{Method::kGet, std::string_view("Get")},
    std::pair{Method::kList, std::string_view("List")},
    std::pair{Method::kLog, std::string_view("Log")},
    std::pair{Method::kWait, std::string_view("Wait")},
    std::pair{Method::kStop, std::string_view("Stop")},
    std::pair{Method::kSignal, std::string_view("Signal")},
    std::pair{Method::kPause, std::string_view("Pause")},
    std::pair{Method::kResume, std::string_view("Resume")},
    std::pair{Method::kDelete, std::string_view("Delete")},
    std::pair{Method::kEvents, std::string_view("Events")},
    std::pair{Method::kStats, std::string_view("Stats")},
    std::pair{Method::kDoctor, std::string_view("Doctor")},
    std::pair{Method::kShutdown, std::string_view("Shutdown")},
};

constexpr unsigned bit(Face face) noexcept {
  const unsigned place = std::to_underlying(face);
  return place < kFaces.size() ? 1U << place : 0;
}

constexpr unsigned kLocal = bit(Face::kLocal);
constexpr unsigned kNative = kLocal | bit(Face::kWarren);
constexpr unsigned kListing = kNative | bit(Face::kJoblet);
constexpr unsigned kJobWorker = bit(Face::kJobWorker);
constexpr unsigned kEvery = kListing | kJobWorker;

// Each method has a row for each set of faces that have it, and none for those that lack it.
struct Rule {
  Method method;
  unsigned faces;
  Scope admin;
  Scope viewer;
  Scope user;
};

constexpr std::array kRules{
    Rule{Method::kRun, kEvery, kAll, kNone, kOwn},
    Rule{Method::kPlan, kNative, kAll, kAll, kOwn},
    Rule{Method::kGet, kListing, kAll, kAll, kOwn},
    // JobWorker's answer names the job's user: its users tell others' jobs from missing ones.
    Rule{Method::kGet, kJobWorker, kAll, kAll, kOwnAndJobWorkers},
    Rule{Method::kList, kListing, kAll, kAll, kOwn},
    Rule{Method::kLog, kEvery, kAll, kAllButJobWorkers, kOwn},
    Rule{Method::kWait, kEvery, kAll, kAll, kOwn},
    Rule{Method::kStop, kEvery, kAll, kNone, kOwn},
    Rule{Method::kSignal, kNative, kAll, kNone, kOwn},
    Rule{Method::kPause, kNative, kAll, kNone, kOwn},
    Rule{Method::kResume, kNative, kAll, kNone, kOwn},
    Rule{Method::kDelete, kListing, kAll, kNone, kOwn},
    Rule{Method::kEvents, kNative, kAll, kAll, kOwn},
    Rule{Method::kStats, kListing, kAll, kAll, kOwn},
    Rule{Method::kDoctor, kListing, kAll, kAll, kAll},
    Rule{Method::kShutdown, kLocal, kAll, kNone, kNone},
};

constexpr const Rule* find_rule(Method method, Face face) noexcept {
  const auto is_of_both = [=](const Rule& rule) {
    return rule.method == method && (rule.faces & bit(face)) != 0;
  };
  const auto* const rule = std::ranges::find_if(kRules, is_of_both);
  return rule == kRules.end() ? nullptr : rule;
}

constexpr bool no_two_rules_are_of_one_call() {
  return std::ranges::all_of(kRules, [](const Rule& rule) {
    return std::ranges::none_of(kRules, [&](const Rule& other) {
      return &rule != &other && rule.method == other.method && (rule.faces & other.faces) != 0;
    });
  });
}
static_assert(no_two_rules_are_of_one_call());

constexpr bool the_engines_own_socket_has_every_method() {
  return std::ranges::all_of(kMethods, [](const auto& method) {
    return find_rule(method.first, Face::kLocal) != nullptr;
  });
}
static_assert(the_engines_own_socket_has_every_method());
static_assert(kMethods.size() == std::to_underlying(Method::kShutdown) + 1U);

bool covers(Scope scope, bool is_own, Face face) noexcept {
  switch (scope) {
    case kNone:
      return false;
    case kOwn:
      return is_own;
    case kOwnAndJobWorkers:
      return is_own || face == Face::kJobWorker;
    case kAllButJobWorkers:
      return is_own || face != Face::kJobWorker;
    case kAll:
      return true;
  }
  return false;
}

template <typename Names, typename Value>
std::string_view name_of(const Names& names, Value value) noexcept {
  const auto* const named = std::ranges::find(names, value, &Names::value_type::first);
  return named == names.end() ? "" : named->second;
}

bool is_of_a_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '@' || c == '-';
}

}  // namespace

Principal Principal::of_account(std::uint32_t uid, std::string name) {
  return {.realm = Realm::kLocal, .uid = uid, .name = std::move(name)};
}

Principal Principal::of_certificate(std::string name) {
  return {.realm = Realm::kCertificate, .uid = kNoAccount, .name = std::move(name)};
}

bool Principal::is(const Principal& other) const noexcept {
  if (realm != other.realm) return false;
  return realm == Realm::kLocal ? uid == other.uid : name == other.name;
}

Scope allowed(Role role, Method method, Face face) noexcept {
  const Rule* const rule = find_rule(method, face);
  if (rule == nullptr) return kNone;
  switch (role) {
    case Role::kAdmin:
      return rule->admin;
    case Role::kViewer:
      return rule->viewer;
    case Role::kUser:
      return rule->user;
  }
  return kNone;
}

Result<> authorize(const Caller& caller, Method method, const Principal& owner, Face face) {
  const Scope scope = allowed(caller.role, method, caller.face);
  if (covers(scope, caller.principal.is(owner), face)) return {};
  const auto role = to_text(caller.role);
  if (find_rule(method, caller.face) == nullptr) {
    return fail(Errc::kPermissionDenied, "role {} may not use {}: the face {} has no such call",
                role, to_text(method), to_text(caller.face));
  }
  if (caller.face == Face::kLocal || caller.face == Face::kWarren) {
    return fail(Errc::kPermissionDenied, "role {} may not use {}{}", role, to_text(method),
                scope == kNone ? "" : " on what belongs to others");
  }
  return fail(Errc::kPermissionDenied, "role {} may not do this{}", role,
              scope == kNone ? "" : " to what belongs to others");
}

std::optional<Face> listed_face(Face face) noexcept {
  if (face == Face::kJoblet || face == Face::kJobWorker) return face;
  return std::nullopt;
}

Result<> validate_certificate_name(std::string_view name) {
  if (!name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, is_of_a_name)) {
    return {};
  }
  return fail(Errc::kInvalidArgument, "{} is not 1 to {} characters of A-Z, a-z, 0-9 and ._@-",
              quote(name), kLongestName);
}

std::string to_text(const Principal& principal) {
  return principal.realm == Realm::kLocal ? principal.name : "cert:" + principal.name;
}

std::string_view to_text(Realm realm) noexcept {
  return name_of(kRealms, realm);
}

std::string_view to_text(Face face) noexcept {
  return name_of(kFaces, face);
}

std::string_view to_text(Role role) noexcept {
  switch (role) {
    case Role::kAdmin:
      return "admin";
    case Role::kViewer:
      return "viewer";
    case Role::kUser:
      return "user";
  }
  return "";
}

std::string_view to_text(Method method) noexcept {
  return name_of(kMethods, method);
}

Result<Realm> parse_realm(std::string_view text) {
  for (const auto& [realm, name] : kRealms) {
    if (name == text) return realm;
  }
  return fail(Errc::kInvalidArgument, "{} is not a realm of names", quote(text));
}

Result<Face> parse_face(std::string_view text) {
  for (const auto& [face, name] : kFaces) {
    if (name == text) return face;
  }
  return fail(Errc::kInvalidArgument, "{} is not a face", quote(text));
}

}  // namespace warren::model
