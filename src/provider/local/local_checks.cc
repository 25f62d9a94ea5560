// SPDX-License-Identifier: Apache-2.0
//
// What this host can hold, and what a plan for it looks like.

#include <utility>

#include "provider/local/local_sandboxes.h"
#include "provider/local/memory_view.h"

namespace warren::provider {
namespace {

// Of nobody in particular: for a plan that is only shown.
constexpr std::uint32_t kExampleRange = rootfs::IdRange::kFirstBase;

Check::Verdict verdict_of(const cgroup::Capability& capability) {
  if (!capability.available) return Check::Verdict::kMissing;
  return capability.restricted ? Check::Verdict::kLimited : Check::Verdict::kOk;
}

bool is_isolated(const model::JobSpec& spec) {
  return spec.sandbox.profile == model::Profile::kIsolated;
}

}  // namespace

std::vector<Check> LocalSandboxes::checks() const {
  std::vector<Check> checks;
  for (const cgroup::Capability& capability : parts_.cgroups->capabilities()) {
    checks.push_back(
        {.name = capability.name, .verdict = verdict_of(capability), .detail = capability.detail});
  }
  const auto missing = parts_.pool->limits_missing();
  checks.push_back({.name = "limit.disk",
                    .verdict = missing ? Check::Verdict::kMissing : Check::Verdict::kOk,
                    .detail = missing.value_or("btrfs quotas hold it exactly")});
  if (const std::size_t unclaimed = unclaimed_; unclaimed > 0) {
    checks.push_back(
        {.name = "sandboxes.unclaimed",
         .verdict = Check::Verdict::kLimited,
         .detail = fmt::format("{} were left as they are: engine.log has their ids", unclaimed)});
  }
  return checks;
}

Result<> LocalSandboxes::check(const model::JobSpec& spec) const {
  if (spec.sandbox.image != "host") {
    return fail(Errc::kNotFound, "image: there is no image '{}' here", spec.sandbox.image);
  }
  const model::Limits& limits = spec.sandbox.limits;
  WARREN_TRY(parts_.cgroups->check(limits));
  if (limits.disk && !is_isolated(spec)) {
    return fail(
        Errc::kFailedPrecondition,
        "max-disk: the host profile writes to the host's own disks, which Warren does not limit");
  }
  if (const auto missing = parts_.pool->limits_missing(); limits.disk && missing) {
    return fail(Errc::kFailedPrecondition, "max-disk: {}", *missing);
  }
  if (spec.on_engine_exit == model::OnEngineExit::kKill && !is_isolated(spec) &&
      !parts_.init_entry.unified) {
    return fail(Errc::kFailedPrecondition,
                "on-engine-exit: this host has no unified cgroup hierarchy, without which a job of "
                "the host profile cannot be made to end with the engine");
  }
  // A user or group that the image lacks is found by compiling.
  const auto compiled = plan::compile(spec, parts_.image, plan::Resources());
  return compiled ? Result<>() : std::unexpected(compiled.error());
}

Result<std::string> LocalSandboxes::plan_text(const model::JobSpec& spec) {
  plan::Resources resources;
  resources.sandbox_dir = "layers/<sandbox>";
  resources.first_id = kExampleRange;
  resources.init_tasks = static_cast<std::uint32_t>(parts_.init_entry.tasks.size());
  resources.work_tasks = resources.init_tasks;
  resources.has_work_group = static_cast<bool>(parts_.init_entry.unified);
  resources.has_kill_file = resources.has_work_group;
  const model::Limits& limits = spec.sandbox.limits;
  resources.has_meminfo =
      meminfo_within({.memory = limits.memory, .swap = limits.swap.value_or(Bytes{})}).has_value();
  resources.hostname = spec.name.empty() ? "<process>" : spec.name;
  resources.seccomp = parts_.seccomp;
  const plan::LaunchPlan plan = WARREN_TRY(plan::compile(spec, parts_.image, resources));
  // Through the form that init reads: what is shown is what arrives.
  const std::vector<std::byte> encoded = WARREN_TRY(plan::encode(plan));
  return plan::to_text(WARREN_TRY(plan::decode(encoded)));
}

}  // namespace warren::provider
