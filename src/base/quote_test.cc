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

TEST(Quote, CutsLongText) {
  EXPECT_EQ(quote(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(quote(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
}

}  // namespace
}  // namespace warren
