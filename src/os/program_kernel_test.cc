// SPDX-License-Identifier: Apache-2.0
//
// A program that belongs to somebody else is not started. Needs root.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "os/program.h"

namespace warren::os {
namespace {

constexpr uid_t kNobody = 65534;

TEST(ProgramFind, RefusesWhatBelongsToSomebodyElse) {
  const std::filesystem::path path =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "neighbour-of-os-kernel-test";
  std::ofstream(path) << "content";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  EXPECT_TRUE(Program::find(path.filename().native()));
  ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
  const auto found = Program::find(path.filename().native());
  std::filesystem::remove(path);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kFailedPrecondition);
}

}  // namespace
}  // namespace warren::os
