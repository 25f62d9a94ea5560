// SPDX-License-Identifier: Apache-2.0

#include "engine/utf8.h"

#include <gtest/gtest.h>

namespace warren::engine {
namespace {

TEST(ToUtf8, KeepsCharactersOfEveryLength) {
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xed\x9f\xbf\xf0\x9f\x90\x87\xf4\x8f\xbf\xbf";
  EXPECT_EQ(to_utf8(text), text);
  EXPECT_EQ(to_utf8(""), "");
}

TEST(ToUtf8, ReplacesEachByteThatBelongsToNoCharacter) {
  EXPECT_EQ(to_utf8("a\xff-b"), "a\xef\xbf\xbd-b");
  EXPECT_EQ(to_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");  // Cut off.
  EXPECT_EQ(to_utf8("\xc3("), "\xef\xbf\xbd(");
}

TEST(ToUtf8, RefusesOverlongFormsSurrogatesAndWhatIsTooLarge) {
  for (const char* bytes : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(to_utf8(bytes).substr(0, 3), "\xef\xbf\xbd") << bytes;
  }
}

}  // namespace
}  // namespace warren::engine
