// SPDX-License-Identifier: Apache-2.0

#include "client/utf8.h"

#include <gtest/gtest.h>

namespace warren::client {
namespace {

TEST(IsUtf8, AcceptsCharactersOfEveryLength) {
  for (const char* const text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4z"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(IsUtf8, RefusesWhatIsNoCharacter) {
  for (const char* const text :
       {"\x80", "\xff", "a\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xf0\x9f\x98", "a\xe2\x82z"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(IsUtf8, RefusesLongFormsSurrogatesAndWhatIsBeyondUnicode) {
  for (const char* const text : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                                 "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

}  // namespace
}  // namespace warren::client
