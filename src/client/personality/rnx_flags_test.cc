// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::warren::test::HoldsError;

RnxLine parsed(const std::vector<std::string>& arguments) {
  const auto line = parse_rnx(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line.value_or(RnxLine{});
}

TEST(ParseRnx, TakesFlagsOnBothSidesOfTheCommand) {
  for (const auto& line :
       {parsed({"--cpu-cores=1", "--max-cpu=50", "--node=a", "run", "bash"}),
        parsed({"run", "--cpu-cores=1", "--max-cpu", "50", "--node", "a", "bash"}),
        parsed({"--cpu-cores", "1", "run", "--node=a", "--max-cpu=50", "bash"})}) {
    EXPECT_EQ(line.command, "run");
    EXPECT_EQ(line.flags.cpu_cores, "1");
    EXPECT_EQ(line.flags.max_cpu, "50");
    EXPECT_EQ(line.flags.node, "a");
    EXPECT_THAT(line.words, ElementsAre("bash"));
  }
}

TEST(ParseRnx, LeavesEverythingBehindTheFirstWordToTheJob) {
  EXPECT_THAT(parsed({"run", "stress", "--cpu", "4", "--help", "--", "-x"}).words,
              ElementsAre("stress", "--cpu", "4", "--help", "--", "-x"));
  EXPECT_THAT(parsed({"run", "--max-cpu=1", "--", "-odd", "--max-cpu=2"}).words,
              ElementsAre("-odd", "--max-cpu=2"));
}

TEST(ParseRnx, CollectsUploads) {
  const RnxLine line = parsed({"run", "--upload=a", "--upload", "b", "--upload-dir=.", "c"});
  EXPECT_THAT(line.flags.uploads.files, ElementsAre("a", "b"));
  EXPECT_THAT(line.flags.uploads.directories, ElementsAre("."));
}

TEST(ParseRnx, TakesAnEmptyValueForNone) {
  EXPECT_EQ(parsed({"run", "--cpu-cores=", "true"}).flags.cpu_cores, "");
  EXPECT_EQ(parsed({"run", "--cpu-cores", "", "true"}).flags.cpu_cores, "");
}

TEST(ParseRnx, TakesFlagsBehindTheWordsOfOtherCommands) {
  const RnxLine line = parsed({"network", "create", "backend", "--cidr=10.1.0.0/24"});
  EXPECT_EQ(line.command, "network create");
  EXPECT_EQ(line.flags.cidr, "10.1.0.0/24");
  EXPECT_THAT(line.words, ElementsAre("backend"));
  EXPECT_TRUE(parsed({"status", "12", "--json"}).flags.json);
  EXPECT_TRUE(parsed({"--json=true", "list"}).flags.json);
  EXPECT_FALSE(parsed({"list", "--json=false"}).flags.json);
}

TEST(ParseRnx, KnowsWhoWantsHelpOrTheVersion) {
  EXPECT_TRUE(parsed({"--help"}).wants_help);
  EXPECT_TRUE(parsed({"run", "-h"}).wants_help);
  EXPECT_TRUE(parsed({"network", "create", "--help"}).wants_help);
  EXPECT_TRUE(parsed({"--version", "what"}).wants_version);
  EXPECT_EQ(parsed({"help", "run"}).command, "help");
}

TEST(ParseRnx, TakesNoWordsForCommandsWithoutAny) {
  EXPECT_THAT(parsed({"list"}).words, IsEmpty());
  EXPECT_THAT(parse_rnx({"list", "x"}),
              HoldsError(Errc::kInvalidArgument, "list: 'x' is a word too many"));
  EXPECT_THAT(parse_rnx({"stop", "1", "2"}),
              HoldsError(Errc::kInvalidArgument, "stop: '2' is a word too many"));
}

TEST(ParseRnx, RefusesWhatCannotBeMeant) {
  const auto refuses = [](const std::vector<std::string>& arguments, const char* sentence) {
    EXPECT_THAT(parse_rnx(arguments), HoldsError(Errc::kInvalidArgument, HasSubstr(sentence)));
  };
  refuses({}, "a command is missing");
  refuses({"run"}, "run: a command is missing");
  refuses({"log"}, "log: the id of a job is missing");
  refuses({"network"}, "create, list or remove is missing");
  refuses({"network", "destroy", "x"}, "no command 'network destroy'");
  refuses({"exec", "x"}, "no command 'exec'");
  refuses({"run", "--max-ram=1", "x"}, "no flag '--max-ram'");
  refuses({"run", "-x", "y"}, "no flag '-x'");
  refuses({"run", "--node"}, "--node: a value is missing");
  refuses({"run", "--schedule=", "x"}, "--schedule: it is empty");
  refuses({"--max-cpu=1", "list"}, "'list' takes no --max-cpu");
  refuses({"stop", "--json", "1"}, "'stop' takes no --json");
  refuses({"list", "--json=maybe"}, "neither true nor false");
}

}  // namespace
}  // namespace warren::client
