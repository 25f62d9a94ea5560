// SPDX-License-Identifier: Apache-2.0

#include "base/quote.h"

#include <gtest/gtest.h>

namespace warren {
namespace {

using std::string_view_literals::operator""sv;

TEST(Quote, KeepsPrintableText) {
  EXPECT_EQ(quote("a b~"), "'a b~'");
}

TEST(Quote, EscapesWhatWouldMoveTheCursorOrBreakTheLine) {
  EXPECT_EQ(quote("a\n\x1b[2J\x7f\xc3\xa9\0"sv), R"('a\x0a\x1b[2J\x7f\xc3\xa9\x00')");
}

TEST(WithoutControls, KeepsTextOfAnyAlphabet) {
  const std::string text = "a b~ \xc2\xa0 \xc3\x9b \xe2\x82\x9b";  // U+00A0, U+00DB, U+209B
  EXPECT_EQ(without_controls(text, '?'), text);
}

TEST(WithoutControls, ReplacesWhatTellsATerminalSomething) {
  EXPECT_EQ(without_controls("a\n\x1b[2J\x7f\0b"sv, ' '), "a  [2J  b");
  EXPECT_EQ(without_controls("\xc2\x9b"
                             "2J\xc2\x85\xc2\x80.",
                             '?'),
            "?2J??.")
      << "U+009B, 85, 80";
}

TEST(Quote, CutsLongText) {
  EXPECT_EQ(quote(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(quote(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
}

}  // namespace
}  // namespace warren
