// SPDX-License-Identifier: Apache-2.0

#include "model/lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace warren::model {
namespace {

using testing::ElementsAre;
using Lookups = std::vector<Lookup>;

constexpr std::string_view kId = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

Lookups lookups(std::string_view text) {
  return parse_lookup(text).value_or(Lookups{});
}

TEST(ParseLookup, TriesAnIdFirst) {
  EXPECT_THAT(lookups(kId),
              ElementsAre(Lookup(*NodeId::parse(kId)), Lookup(ByName{std::string(kId)})));
}

TEST(ParseLookup, TakesDigitsForASeq) {
  EXPECT_THAT(lookups("7"), ElementsAre(Lookup(BySeq{7})));
  EXPECT_THAT(lookups("18446744073709551615"), ElementsAre(Lookup(BySeq{~std::uint64_t{0}})));
}

TEST(ParseLookup, TriesManyDigitsAlsoAsTheStartOfAnId) {
  EXPECT_THAT(lookups("123456"), ElementsAre(Lookup(BySeq{123'456}), Lookup(ByIdPrefix{"123456"})));
  EXPECT_THAT(lookups("017422"), ElementsAre(Lookup(ByIdPrefix{"017422"})));
}

TEST(ParseLookup, TakesADnsLabelForAName) {
  EXPECT_THAT(lookups("web-1"), ElementsAre(Lookup(ByName{"web-1"})));
  EXPECT_THAT(lookups("abcde"), ElementsAre(Lookup(ByName{"abcde"})));
}

TEST(ParseLookup, TriesANameBeforeTheStartOfAnId) {
  EXPECT_THAT(lookups("017f22"),
              ElementsAre(Lookup(ByName{"017f22"}), Lookup(ByIdPrefix{"017f22"})));
  EXPECT_THAT(lookups("017f22e2-"), ElementsAre(Lookup(ByIdPrefix{"017f22e2-"})));
}

TEST(ParseLookup, WantsTheHyphensOfAnIdInTheirPlaces) {
  EXPECT_THAT(lookups("017f22e279b0"), ElementsAre(Lookup(ByName{"017f22e279b0"})));
  EXPECT_THAT(lookups(kId.substr(0, 35)),
              ElementsAre(Lookup(ByName{std::string(kId.substr(0, 35))}),
                          Lookup(ByIdPrefix{std::string(kId.substr(0, 35))})));
}

TEST(ParseLookup, RejectsWhatNamesNoNode) {
  for (const std::string_view text :
       {"", "0", "007", "-1", "+1", "7 ", " 7", "18446744073709551616", "017F22", "a/b", "../x",
        "*", "a_b", "\n", "\xff\xfe", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f/"}) {
    const auto result = parse_lookup(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace warren::model
