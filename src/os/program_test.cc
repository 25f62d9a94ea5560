// SPDX-License-Identifier: Apache-2.0

#include "os/program.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace warren::os {
namespace {

TEST(FindProgram, IsInTheDirectoryOfThisOne) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(find_program(self.filename().native()), self.native());
}

TEST(FindProgram, IsElseWhereInstalledProgramsAre) {
  EXPECT_EQ(find_program("env"), "/usr/bin/env");
}

TEST(FindProgram, IsNowhereElse) {
  const auto found = find_program("no-such-program");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().value, ENOENT);
}

}  // namespace
}  // namespace warren::os
