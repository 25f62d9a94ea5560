// SPDX-License-Identifier: Apache-2.0

#include "model/identity.h"

#include <algorithm>
#include <array>
#include <utility>

namespace warren::model {
namespace {

using enum Scope;

struct Rule {
  Method method;
  std::string_view name;
  Scope admin;
  Scope viewer;
  Scope user;
};

constexpr std::array kRules{
    Rule{Method::kRun, "Run", kAll, kNone, kOwn},
    Rule{Method::kPlan, "Plan", kAll, kAll, kOwn},
    Rule{Method::kGet, "Get", kAll, kAll, kOwn},
    Rule{Method::kList, "List", kAll, kAll, kOwn},
    Rule{Method::kLog, "Log", kAll, kAll, kOwn},
    Rule{Method::kWait, "Wait", kAll, kAll, kOwn},
    Rule{Method::kStop, "Stop", kAll, kNone, kOwn},
    Rule{Method::kSignal, "Signal", kAll, kNone, kOwn},
    Rule{Method::kPause, "Pause", kAll, kNone, kOwn},
    Rule{Method::kResume, "Resume", kAll, kNone, kOwn},
    Rule{Method::kDelete, "Delete", kAll, kNone, kOwn},
    Rule{Method::kEvents, "Events", kAll, kAll, kOwn},
    Rule{Method::kStats, "Stats", kAll, kAll, kOwn},
    Rule{Method::kDoctor, "Doctor", kAll, kAll, kAll},
    Rule{Method::kShutdown, "Shutdown", kAll, kNone, kNone},
};

constexpr const Rule* find_rule(Method method) noexcept {
  const auto* const rule = std::ranges::find(kRules, method, &Rule::method);
  return rule == kRules.end() ? nullptr : rule;
}

constexpr bool every_method_has_a_rule() {
  for (int i = 0; i <= std::to_underlying(Method::kShutdown); ++i) {
    if (find_rule(static_cast<Method>(i)) == nullptr) return false;
  }
  return kRules.size() == std::to_underlying(Method::kShutdown) + 1U;
}
static_assert(every_method_has_a_rule());

}  // namespace

Scope allowed(Role role, Method method) noexcept {
  const Rule* const rule = find_rule(method);
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

Result<> authorize(const Caller& caller, Method method, std::uint32_t owner_uid) {
  switch (allowed(caller.role, method)) {
    case kAll:
      return {};
    case kOwn:
      if (caller.uid == owner_uid) return {};
      return fail(Errc::kPermissionDenied, "role {} may not use {} on what belongs to others",
                  to_text(caller.role), to_text(method));
    case kNone:
      break;
  }
  return fail(Errc::kPermissionDenied, "role {} may not use {}", to_text(caller.role),
              to_text(method));
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
  const Rule* const rule = find_rule(method);
  return rule == nullptr ? "" : rule->name;
}

}  // namespace warren::model
