// SPDX-License-Identifier: Apache-2.0

#include "os/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/result_matchers.h"

namespace warren::os {

// Stands in for the one of a program that brings others.
std::span<const BroughtProgram> brought_programs() noexcept {
  static const std::string kContent = [] {
    std::ifstream file("/usr/bin/false", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  static const std::array kAll{
      BroughtProgram{.name = "brought", .file = std::as_bytes(std::span(kContent))}};
  return kAll;
}

namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

std::filesystem::path self() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

// A program beside this one for as long as it lives.
class Neighbour {
 public:
  explicit Neighbour(mode_t mode) : path_(self().parent_path() / "neighbour-of-os-test") {
    std::ofstream(path_) << "content";
    ::chmod(path_.c_str(), mode);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() { std::filesystem::remove(path_); }

  [[nodiscard]] std::string name() const { return path_.filename(); }

 private:
  std::filesystem::path path_;
};

TEST(ProgramFind, IsInTheDirectoryOfThisOne) {
  const auto found = Program::find(self().filename().native());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path(), self().native());
  EXPECT_EQ(found->name(), self().native());
}

TEST(ProgramFind, IsElseWhereInstalledProgramsAre) {
  const auto found = Program::find("env");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path(), "/usr/bin/env");
}

TEST(ProgramFind, IsNowhereElse) {
  EXPECT_THAT(Program::find("no-such-program"),
              HoldsError(Errc::kNotFound, HasSubstr("finding no-such-program")));
}

TEST(ProgramFind, IsWhatThisProgramBringsAndIsExecutedFromMemory) {
  const auto found = Program::find("brought");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name(), "brought");
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(found->path().c_str(), found->name().c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 1) << "false(1) has not run";
}

TEST(ProgramFind, IsWhatNobodyElseCanChange) {
  const Neighbour neighbour(0755);
  EXPECT_TRUE(Program::find(neighbour.name()));
}

TEST(ProgramFind, RefusesWhatEverybodyCanChange) {
  const Neighbour neighbour(0757);
  EXPECT_THAT(Program::find(neighbour.name()),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("can be changed by others")));
}

}  // namespace
}  // namespace warren::os
