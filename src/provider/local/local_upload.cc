// SPDX-License-Identifier: Apache-2.0
//
// Files that arrive before the command starts: into the new layer, while nothing runs in it.

#include <fcntl.h>

#include <tuple>
#include <utility>

#include "os/context.h"
#include "os/file.h"
#include "plan/accounts.h"
#include "provider/local/footprint.h"
#include "provider/local/local_sandboxes.h"

namespace warren::provider {

void LocalSandboxes::upload(const JobOrder& order, Done<os::UniqueFd> opened, Done<> unpacked) {
  preparer_->post(
      [this, order, opened = std::move(opened), unpacked = std::move(unpacked)]() mutable {
        opened(begin_upload(order, std::move(unpacked)));
      });
}

Result<os::UniqueFd> LocalSandboxes::begin_upload(const JobOrder& order, Done<> unpacked) {
  if (order.spec.sandbox.profile == model::Profile::kHost) {
    return fail(Errc::kFailedPrecondition, "the host profile has no place of its own for uploads");
  }
  rootfs::UnpackOptions options;
  if (order.spec.process.user) {
    const plan::Account account = WARREN_TRY(
        plan::find_account(*order.spec.process.user, parts_.image.passwd, parts_.image.group));
    options.uid = account.uid;
    options.gid = account.gid;
  }
  const SandboxPtr sandbox = add(order.sandbox, order.process, group_for(order));
  sandbox->range = WARREN_TRY(parse_footprint(order.footprint)).range;
  WARREN_TRY(make_layer(*sandbox, order.spec));
  const std::string path = rootfs::layer_path(order.sandbox) + "/upper/work";
  os::UniqueFd directory = WARREN_TRY(
      os::context(os::open_in_root(parts_.pool->root(), path.c_str(), O_RDONLY | O_DIRECTORY),
                  "opening {}", path));
  // What has arrived of one that fails goes before anybody hears of it: where it has filled the
  // disk, that it has failed could not be recorded.
  Done<> settled = [this, id = order.sandbox,
                    unpacked = std::move(unpacked)](const Result<>& result) mutable {
    if (!result) std::ignore = parts_.pool->remove(id);  // Or with everything else, later.
    unpacked(result);
  };
  return uploads_.begin(std::move(directory), options, std::move(settled));
}

}  // namespace warren::provider
