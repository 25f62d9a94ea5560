// SPDX-License-Identifier: Apache-2.0

#include "plan/compile.h"

#include "plan/accounts.h"
#include "plan/process_steps.h"
#include "plan/sandbox_steps.h"

namespace warren::plan {
namespace {

const model::UserSpec kRoot{.user = "0", .group = ""};
const model::UserSpec kNobody{.user = "65534", .group = "65534"};

}  // namespace

Result<LaunchPlan> compile(const model::JobSpec& spec, const Image& image,
                           const Resources& resources) {
  const bool is_host = spec.sandbox.profile == model::Profile::kHost;
  const model::UserSpec user = spec.process.user.value_or(is_host ? kNobody : kRoot);
  const Account account = WARREN_TRY(find_account(user, image.passwd, image.group));
  if (is_host && account.uid == 0) {
    return fail(Errc::kPermissionDenied, "user: the host profile never runs commands as root");
  }
  return LaunchPlan{
      .sandbox = is_host ? host_sandbox(resources) : isolated_sandbox(image, resources),
      .process = start_command(spec, account, image, resources)};
}

}  // namespace warren::plan
