// SPDX-License-Identifier: Apache-2.0

#include "client/personality/go_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class GoFlagsTest : public ::testing::Test {
 protected:
  Result<> parse(const std::vector<std::string>& words) { return flags_.parse(words); }

  std::string address_ = "here:1";
  std::string words_;
  bool insecure_ = false;
  GoFlags flags_{
      {{.name = "addr", .value_name = "HOST:PORT", .meaning = "Whom to call", .value = &address_},
       {.name = "args", .value_name = "WORDS", .meaning = "Words", .value = &words_},
       {.name = "insecure", .value_name = "", .meaning = "Trust", .value = &insecure_}}};
};

TEST_F(GoFlagsTest, TakesOneDashOrTwoAndBothWaysToGiveAValue) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"-addr", "there:2"},
                                                {"--addr", "there:2"},
                                                {"-addr=there:2"},
                                                {"--addr=there:2"}}) {
    address_ = "here:1";
    ASSERT_TRUE(parse(words).has_value());
    EXPECT_EQ(address_, "there:2");
  }
}

TEST_F(GoFlagsTest, KeepsTheDefaultsOfWhatIsNotSaid) {
  ASSERT_TRUE(parse({"-args", "x"}).has_value());
  EXPECT_EQ(address_, "here:1");
  EXPECT_FALSE(insecure_);
}

TEST_F(GoFlagsTest, TakesAValueThatLooksLikeAFlag) {
  ASSERT_TRUE(parse({"-args", "-c 'yes > /dev/null'", "-insecure"}).has_value());
  EXPECT_EQ(words_, "-c 'yes > /dev/null'");
  EXPECT_TRUE(insecure_);
}

TEST_F(GoFlagsTest, TakesAnEmptyValueAndOneWithEqualsSigns) {
  ASSERT_TRUE(parse({"-addr=", "-args=a=b"}).has_value());
  EXPECT_EQ(address_, "");
  EXPECT_EQ(words_, "a=b");
}

TEST_F(GoFlagsTest, TakesTruthBehindAnEqualsSignAlone) {
  ASSERT_TRUE(parse({"-insecure"}).has_value());
  EXPECT_TRUE(insecure_);
  ASSERT_TRUE(parse({"-insecure=false"}).has_value());
  EXPECT_FALSE(insecure_);
  EXPECT_THAT(parse({"-insecure=maybe"}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("neither true nor false")));
  EXPECT_THAT(parse({"-insecure", "true"}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("'true' is no flag")));
}

TEST_F(GoFlagsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse({"-adr", "x"}), HoldsError(Errc::kInvalidArgument, HasSubstr("no flag -adr")));
  EXPECT_THAT(parse({"-addr"}), HoldsError(Errc::kInvalidArgument, HasSubstr("-addr: a value")));
  for (const char* word : {"x", "-", "---addr", "-=x", ""}) {
    EXPECT_THAT(parse({word}), HoldsError(Errc::kInvalidArgument, HasSubstr("is no flag"))) << word;
  }
}

TEST_F(GoFlagsTest, EndsAtTwoDashes) {
  EXPECT_TRUE(parse({"-addr", "x", "--"}).has_value());
  EXPECT_FALSE(parse({"--", "x"}).has_value());
}

TEST_F(GoFlagsTest, KnowsWhoAsksForHelp) {
  for (const char* word : {"-h", "--h", "-help", "--help"}) {
    ASSERT_TRUE(parse({word, "whatever"}).has_value());
    EXPECT_TRUE(flags_.wants_help());
  }
  ASSERT_TRUE(parse({"-insecure"}).has_value());
  EXPECT_FALSE(flags_.wants_help());
}

TEST_F(GoFlagsTest, DescribesEachFlagWithItsDefault) {
  ASSERT_TRUE(parse({"-addr", "there:2"}).has_value());
  EXPECT_EQ(flags_.usage("jobctl"),
            "Usage of jobctl:\n"
            "  -addr HOST:PORT\n    \tWhom to call (default \"here:1\")\n"
            "  -args WORDS\n    \tWords\n"
            "  -insecure\n    \tTrust\n");
}

}  // namespace
}  // namespace warren::client
