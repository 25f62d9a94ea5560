// SPDX-License-Identifier: Apache-2.0

#include "os/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/result.h"
#include "os/call.h"
#include "os/file.h"

namespace warren::os {

KernelResult<UniqueFd> open_procfs(const char* path) noexcept {
  UniqueFd directory = WARREN_TRY(open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
  struct statfs status {};
  const auto known = call([&] { return ::fstatfs(directory.get(), &status); });
  if (!known) return std::unexpected(known.error());
  if (status.f_type != PROC_SUPER_MAGIC) return std::unexpected(Errno{ENODEV});
  return directory;
}

}  // namespace warren::os
