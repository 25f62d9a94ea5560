// SPDX-License-Identifier: Apache-2.0

#include "engine/face_caps.h"

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace warren::engine {
namespace {

std::string text_of(const auto& value) {
  if constexpr (std::integral<std::remove_cvref_t<decltype(value)>>) {
    return fmt::to_string(value);
  } else {
    return warren::to_text(value);
  }
}

// All that a user could choose on the host itself is what this face has always given.
Result<> check_jobworkers_choice(const model::JobSpec& spec) {
  const model::UserSpec nobody{.user = "nobody", .group = "nogroup"};
  if (spec.process.user == nobody && spec.process.workdir == "/" && !spec.wait_for_uploads &&
      spec.on_engine_exit == model::OnEngineExit::kKill) {
    return {};
  }
  return fail(Errc::kPermissionDenied,
              "profile: through the face jobworker a job of the host profile runs as "
              "nobody:nogroup in /, has no uploads and ends with the engine");
}

// On the host itself a command can be any user but root: that is more than its caller may be.
Result<> check_role(const model::Caller& caller, const model::JobSpec& spec) {
  if (spec.sandbox.profile != model::Profile::kHost) return {};
  if (caller.face == model::Face::kJobWorker) return check_jobworkers_choice(spec);
  if (caller.role == model::Role::kAdmin) return {};
  return fail(Errc::kPermissionDenied, "profile: role {} may not use the host profile",
              model::to_text(caller.role));
}

Result<> check_choices(const FaceCaps& caps, const model::SandboxSpec& sandbox) {
  if (std::ranges::find(caps.profiles, sandbox.profile) == caps.profiles.end()) {
    return fail(Errc::kPermissionDenied, "profile: not one of those that it may use");
  }
  if (std::ranges::find(caps.networks, sandbox.network) == caps.networks.end()) {
    return fail(Errc::kPermissionDenied, "network: not one of those that it may use");
  }
  return {};
}

template <auto kLimit>
Result<> cap(std::string_view name, const FaceCaps& caps, model::Limits& asked) {
  auto& value = asked.*kLimit;
  const auto& most = caps.most.*kLimit;
  if (!value) {
    value = caps.usual.*kLimit;
    if (!value || (most && *most < *value)) value = most;
  }
  if (!value || !most || *value <= *most) return {};
  return fail(Errc::kResourceExhausted, "{}: {} is more than {}, the most it may have", name,
              text_of(*value), text_of(*most));
}

// A cap on memory is one on swap as well, or it would be none.
Result<> cap_swap(const FaceCaps& caps, const model::Limits& asked) {
  if (!caps.most.memory || !asked.memory || !asked.swap) return {};
  const Bytes left{caps.most.memory->value - asked.memory->value};
  if (*asked.swap <= left) return {};
  return fail(Errc::kResourceExhausted,
              "max-swap: together with max-memory more than {}, the most memory it may have",
              warren::to_text(*caps.most.memory));
}

Result<> cap_limits(const FaceCaps& caps, model::Limits& asked) {
  using model::Limits;
  WARREN_TRY(cap<&Limits::cpu_percent>("max-cpu", caps, asked));
  WARREN_TRY(cap<&Limits::memory>("max-memory", caps, asked));
  WARREN_TRY(cap_swap(caps, asked));
  WARREN_TRY(cap<&Limits::pids>("max-pids", caps, asked));
  WARREN_TRY(cap<&Limits::disk>("max-disk", caps, asked));
  WARREN_TRY(cap<&Limits::log>("max-log", caps, asked));
  WARREN_TRY(cap<&Limits::timeout>("timeout", caps, asked));
  if (!asked.io_per_second && !asked.io_class) asked.io_per_second = caps.usual.io_per_second;
  return {};
}

}  // namespace

Result<model::JobSpec> apply_caps(const FaceCaps* caps, const model::Caller& caller,
                                  model::JobSpec spec) {
  WARREN_TRY(check_role(caller, spec));
  if (caps == nullptr) return spec;
  const std::string_view face = model::to_text(caller.face);
  WARREN_TRY(context(check_choices(*caps, spec.sandbox), "face {}", face));
  WARREN_TRY(context(cap_limits(*caps, spec.sandbox.limits), "face {}", face));
  return spec;
}

}  // namespace warren::engine
