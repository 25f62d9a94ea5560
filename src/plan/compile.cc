// SPDX-License-Identifier: Apache-2.0

#include "plan/compile.h"

#include <utility>

#include "plan/accounts.h"
#include "plan/process_steps.h"
#include "plan/sandbox_steps.h"

namespace warren::plan {
namespace {

// Root of the sandbox, but nobody on the host itself.
model::UserSpec default_user(model::Profile profile) {
  if (profile == model::Profile::kHost) return {.user = "65534", .group = "65534"};
  return {.user = "0", .group = ""};
}

// On the host itself root's group opens what is root's, and groups such as `disk` or `docker` are
// as good as root: a command is in the one group of its user and in no other.
Result<Account> restrict_to_host(Account account) {
  if (account.uid == 0 || account.gid == 0) {
    return fail(Errc::kPermissionDenied,
                "user: the host profile never runs commands as root or in the group of root");
  }
  account.groups.clear();
  return account;
}

std::vector<Step> sandbox_of(const model::JobSpec& spec, const Image& image,
                             const Resources& resources) {
  const bool is_host = spec.sandbox.profile == model::Profile::kHost;
  std::vector<Step> steps = is_host ? host_sandbox(resources) : isolated_sandbox(image, resources);
  if (spec.on_engine_exit == model::OnEngineExit::kKill) {
    steps.push_back({.op = Op::kEndWithEngine});
  }
  return steps;
}

}  // namespace

Result<LaunchPlan> compile(const model::JobSpec& spec, const Image& image,
                           const Resources& resources) {
  const bool is_host = spec.sandbox.profile == model::Profile::kHost;
  const model::UserSpec user = spec.process.user.value_or(default_user(spec.sandbox.profile));
  Account account = WARREN_TRY(find_account(user, image.passwd, image.group));
  if (is_host) account = WARREN_TRY(restrict_to_host(std::move(account)));
  return LaunchPlan{.sandbox = sandbox_of(spec, image, resources),
                    .process = start_command(spec, account, image, resources)};
}

}  // namespace warren::plan
