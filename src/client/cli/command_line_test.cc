// SPDX-License-Identifier: Apache-2.0

#include "client/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/commands.h"

namespace warren::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    app_.add_option("--format", session_.flags.format);
    app_.add_flag("-q", session_.flags.quiet);
    add_run(app_, session_);
    add_list(app_, session_);
  }
  [[nodiscard]] CommandLine split_words(const std::vector<std::string>& words) {
    return split_run(app_, words);
  }

  Session session_;
  CLI::App app_;
};

TEST_F(CommandLineTest, BeginsTheCommandAtTheFirstWord) {
  const auto line = split_words({"run", "echo", "-d", "--name", "x"});
  EXPECT_THAT(line.flags, ElementsAre("run"));
  EXPECT_THAT(line.command, ElementsAre("echo", "-d", "--name", "x"));
}

TEST_F(CommandLineTest, KeepsValuesWithTheirFlags) {
  const auto line = split_words(
      {"-q", "--format", "json", "run", "-d", "--name", "job", "--max-cpu=50", "--rm", "sh", "-c"});
  EXPECT_THAT(line.flags, ElementsAre("-q", "--format", "json", "run", "-d", "--name", "job",
                                      "--max-cpu=50", "--rm"));
  EXPECT_THAT(line.command, ElementsAre("sh", "-c"));
}

TEST_F(CommandLineTest, TakesEverythingAfterTwoDashes) {
  const auto line = split_words({"run", "-d", "--", "--strange", "--"});
  EXPECT_THAT(line.flags, ElementsAre("run", "-d"));
  EXPECT_THAT(line.command, ElementsAre("--strange", "--"));
}

TEST_F(CommandLineTest, LeavesUnknownFlagsToTheParser) {
  const auto line = split_words({"run", "--bogus", "echo"});
  EXPECT_THAT(line.flags, ElementsAre("run", "--bogus"));
}

TEST_F(CommandLineTest, LeavesWordsOfAnotherProgramAlone) {
  const auto line = split_after_name(app_, {"-q", "certs", "init", "--help", "-q", "--"});
  EXPECT_THAT(line.flags, ElementsAre("-q", "certs"));
  EXPECT_THAT(line.command, ElementsAre("init", "--help", "-q", "--"));
}

TEST_F(CommandLineTest, NamesTheCommandAfterGlobalFlags) {
  EXPECT_EQ(command_name(app_, {"--format", "json", "-q", "list", "run"}), "list");
  EXPECT_EQ(command_name(app_, {"--format", "json"}), "");
}

TEST_F(CommandLineTest, SurvivesAFlagWithoutItsValue) {
  const auto line = split_words({"run", "--name"});
  EXPECT_THAT(line.flags, ElementsAre("run", "--name"));
  EXPECT_THAT(line.command, IsEmpty());
}

}  // namespace
}  // namespace warren::client::cli
