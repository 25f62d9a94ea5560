// SPDX-License-Identifier: Apache-2.0

#include "client/personality/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;
using Words = std::vector<std::string>;

struct Row {
  std::string text;
  Words words;
};

std::vector<Row> table() {
  return {
      {"", {}},
      {" \t\n ", {}},
      {"10", {"10"}},
      {"-lah /", {"-lah", "/"}},
      {"-c 'yes > /dev/null'", {"-c", "yes > /dev/null"}},
      {"a b 'c d'", {"a", "b", "c d"}},
      {"  a\tb\nc  ", {"a", "b", "c"}},
      {"''", {""}},
      {"a \"\" b", {"a", "", "b"}},
      {"a'b c'd\"e f\"g", {"ab cde fg"}},
      {R"("it's")", {"it's"}},
      {R"('say "hi"')", {R"(say "hi")"}},
      {R"("say \"hi\" \\ \$HOME \`id\`")", {R"(say "hi" \ $HOME `id`)"}},
      {R"("a\nb")", {R"(a\nb)"}},
      {R"(a\ b \'c\')", {"a b", "'c'"}},
      {R"('\')", {"\\"}},
      {"a\\\nb", {"ab"}},
      {"\"a\\\nb\"", {"ab"}},
      {"$HOME * > | ; # ~", {"$HOME", "*", ">", "|", ";", "#", "~"}},
  };
}

TEST(SplitWords, SplitsAsAShellDoesAndExpandsNothing) {
  for (const Row& row : table()) {
    const auto words = split_words(row.text);
    ASSERT_TRUE(words.has_value()) << row.text;
    EXPECT_EQ(*words, row.words) << row.text;
  }
}

TEST(SplitWords, RefusesWhatIsNotFinished) {
  EXPECT_THAT(split_words("a 'b"), HoldsError(Errc::kInvalidArgument, HasSubstr("single quote")));
  EXPECT_THAT(split_words("a \"b"), HoldsError(Errc::kInvalidArgument, HasSubstr("double quote")));
  EXPECT_THAT(split_words("\"b\\\""), HoldsError(Errc::kInvalidArgument, HasSubstr("double")));
  EXPECT_THAT(split_words("a\\"), HoldsError(Errc::kInvalidArgument, HasSubstr("backslash")));
}

}  // namespace
}  // namespace warren::client
