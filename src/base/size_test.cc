// SPDX-License-Identifier: Apache-2.0

#include "base/size.h"

#include <gtest/gtest.h>

#include <limits>

namespace warren {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(ParseSize, ReadsEveryForm) {
  const struct {
    std::string_view text;
    std::uint64_t bytes;
  } cases[] = {
      {"0", 0},
      {"512", 512},
      {"512B", 512},
      {"512b", 512},
      {"64K", 64 * kKibi},
      {"64k", 64 * kKibi},
      {"64KB", 64 * kKibi},
      {"64KiB", 64 * kKibi},
      {"64kib", 64 * kKibi},
      {"10M", 10 * kKibi * kKibi},
      {"1.5G", 3 * kKibi * kKibi * kKibi / 2},
      {"2T", 2 * kKibi * kKibi * kKibi * kKibi},
      {"1GB", kKibi * kKibi * kKibi},
      {"0.3K", 307},
      {"9223372036854775807", kMost},
  };
  for (const auto& c : cases) {
    const auto size = parse_size(c.text);
    ASSERT_TRUE(size) << c.text;
    EXPECT_EQ(size->value, c.bytes) << c.text;
  }
}

TEST(ParseSize, CountsABareNumberAsTheCallerSays) {
  EXPECT_EQ(parse_size("64", BareNumber::kMebibytes), Bytes{64 * kKibi * kKibi});
  EXPECT_EQ(parse_size("0.5", BareNumber::kMebibytes), Bytes{512 * kKibi});
  EXPECT_EQ(parse_size("64K", BareNumber::kMebibytes), Bytes{64 * kKibi});
  EXPECT_EQ(parse_size("64B", BareNumber::kMebibytes), Bytes{64});
}

TEST(ParseSize, RejectsWhatIsNoSize) {
  for (const std::string_view text :
       {"",    "K",   "-1",   "+1",   " 1",  "1 ",  "1 G", "1P",   "1X",  "1iB",  "1KK", "1KBB",
        "1Ki", "1.5", "1.5B", "0x10", "1e3", "1.G", ".5G", "1,5G", "1K2", "\xff", "inf", "nan"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(parse_size("1\0K"sv));
}

TEST(ParseSize, RejectsWhatDoesNotFit) {
  for (const std::string_view text :
       {"9223372036854775808", "18446744073709551615", "18446744073709551616", "8388608T",
        "9007199254740992K", "99999999999999999999999999T"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
  EXPECT_FALSE(parse_size("9223372036854775807", BareNumber::kMebibytes));
}

TEST(ParseSize, ShowsTheTextOnOneLine) {
  EXPECT_EQ(parse_size("1\nZ").error().message,
            R"('1\x0aZ' has an unknown unit '\x0aZ': use K, M, G or T)");
}

TEST(SizeToText, WritesTheLargestUnitThatIsExact) {
  EXPECT_EQ(to_text(Bytes{0}), "0");
  EXPECT_EQ(to_text(Bytes{1000}), "1000");
  EXPECT_EQ(to_text(Bytes{1024}), "1K");
  EXPECT_EQ(to_text(Bytes{64 * kKibi * kKibi}), "64M");
  EXPECT_EQ(to_text(Bytes{3 * kKibi * kKibi * kKibi / 2}), "1536M");
  EXPECT_EQ(to_text(Bytes{2048 * kKibi * kKibi * kKibi * kKibi}), "2048T");
}

TEST(SizeToText, IsReadBackExactly) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, kKibi - 1, kKibi, kMost}) {
    EXPECT_EQ(parse_size(to_text(Bytes{value})), Bytes{value});
  }
}

}  // namespace
}  // namespace warren
