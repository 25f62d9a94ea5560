// SPDX-License-Identifier: Apache-2.0

#include "gateway/options.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

Result<Options> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "warren-gateway");
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_options(arguments);
}

TEST(ParseOptions, TakesValuesInBothForms) {
  const auto options =
      parse({"--config", "/c", "--runtime-dir=/r", "--user=games", "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config_file, "/c");
  EXPECT_EQ(options->runtime_dir, "/r");
  EXPECT_EQ(options->user, "games");
  EXPECT_EQ(options->listen, "127.0.0.1:0");
}

TEST(ParseOptions, LeavesTheRestToTheConfiguration) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->runtime_dir, "/run/warren");
  EXPECT_FALSE(options->user || options->listen || options->config_file);
}

TEST(ParseOptions, MeetsTheEngineBesideADirectoryThatEndsWithASlash) {
  EXPECT_EQ(parse({"--runtime-dir", "/run/warren/"})->runtime_dir, "/run/warren");
}

TEST(ParseOptions, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse({"--port=1"}), HoldsError(Errc::kInvalidArgument, HasSubstr("'--port'")));
  EXPECT_THAT(parse({"--user"}), HoldsError(Errc::kInvalidArgument, HasSubstr("missing")));
  EXPECT_THAT(parse({"--runtime-dir=r"}), HoldsError(Errc::kInvalidArgument, HasSubstr("'r'")));
}

TEST(ParseOptions, ShowsHelpWhateverElseIsSaid) {
  EXPECT_TRUE(parse({"--help", "--nonsense"})->shows_help);
}

}  // namespace
}  // namespace warren::gateway
