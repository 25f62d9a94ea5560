// SPDX-License-Identifier: Apache-2.0

#include "engine/options.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <vector>

#include "engine/gateway_socket.h"
#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

Result<Options> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "warrend");
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_options(arguments);
}

class ParseOptions : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("WARREN_STATE_DIR");
    ::unsetenv("WARREN_RUNTIME_DIR");
  }
};

TEST_F(ParseOptions, TakesDirectoriesWithoutTheSlashAtTheirEnd) {
  const auto options = parse({"--state-dir=/s/", "--runtime-dir", "/run/warren/"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->places.state_dir, "/s");
  EXPECT_EQ(options->places.runtime_dir, "/run/warren");
  EXPECT_EQ(gateway_socket(options->places.runtime_dir), "/run/warren-gateway/engine.sock");
}

TEST_F(ParseOptions, ReadsTheEnvironmentInTheSameWay) {
  ::setenv("WARREN_STATE_DIR", "/s//", 1);
  ::setenv("WARREN_RUNTIME_DIR", "/r/", 1);
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->places.state_dir, "/s");
  EXPECT_EQ(options->places.runtime_dir, "/r");
  ::setenv("WARREN_RUNTIME_DIR", "r", 1);
  EXPECT_THAT(parse({}), HoldsError(Errc::kInvalidArgument, HasSubstr("WARREN_RUNTIME_DIR: 'r'")));
}

TEST_F(ParseOptions, TakesWhereToLog) {
  EXPECT_EQ(parse({})->logs_to, LogsTo::kUsual);
  EXPECT_EQ(parse({"--log", "stderr"})->logs_to, LogsTo::kStderr);
  EXPECT_THAT(parse({"--log=elsewhere"}), HoldsError(Errc::kInvalidArgument, HasSubstr("--log")));
}

TEST_F(ParseOptions, RefusesARelativeDirectory) {
  EXPECT_THAT(parse({"--state-dir=s"}), HoldsError(Errc::kInvalidArgument, HasSubstr("'s'")));
}

}  // namespace
}  // namespace warren::engine
