// SPDX-License-Identifier: Apache-2.0

#include "os/procfs.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace warren::os {
namespace {

TEST(OpenProcfs, OpensTheRealOne) {
  const auto proc = open_procfs();
  ASSERT_TRUE(proc);
  EXPECT_TRUE(open_at(proc->get(), "self/status", O_RDONLY));
}

TEST(OpenProcfs, RefusesAnyOtherFileSystem) {
  for (const char* path : {"/", "/sys", "/dev", "/tmp"}) {
    const auto posing = open_procfs(path);
    ASSERT_FALSE(posing) << path;
    EXPECT_EQ(posing.error(), Errno{ENODEV}) << path;
  }
}

}  // namespace
}  // namespace warren::os
