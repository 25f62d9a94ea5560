// SPDX-License-Identifier: Apache-2.0

#include "base/log_index.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

namespace warren {
namespace {

TEST(Crc32c, AgreesWithTheCheckValueOfRfc3720) {
  constexpr std::uint8_t kDigits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  static_assert(crc32c(kDigits, sizeof kDigits) == 0xE3069283);
  EXPECT_EQ(crc32c(kDigits, 0), 0U);
}

TEST(LogRecord, LiesOnDiskInTheAgreedPlaces) {
  const LogRecord record{.offset = 0x0102,
                         .microseconds = 0x0304,
                         .length = 0x0506,
                         .stream = LogStream::kStderr,
                         .kind = LogRecordKind::kLost};
  unsigned char bytes[sizeof record];
  std::memcpy(bytes, &record, sizeof record);
  EXPECT_EQ(bytes[0], 0x02);
  EXPECT_EQ(bytes[8], 0x04);
  EXPECT_EQ(bytes[16], 0x06);
  EXPECT_EQ(bytes[20], 2);
  EXPECT_EQ(bytes[21], 2);
}

TEST(LogRecord, IsInvalidWhenAnyByteChanges) {
  const LogRecord record = sealed({.offset = 4096,
                                   .microseconds = 1'700'000'000'000'000,
                                   .length = 77,
                                   .stream = LogStream::kStdout});
  ASSERT_TRUE(is_valid(record));
  for (std::size_t i = 0; i < sizeof record; ++i) {
    unsigned char bytes[sizeof record];
    std::memcpy(bytes, &record, sizeof record);
    bytes[i] ^= 0x40;
    LogRecord changed;
    std::memcpy(&changed, bytes, sizeof changed);
    EXPECT_FALSE(is_valid(changed)) << "byte " << i;
  }
}

TEST(LogRecord, OfZerosIsInvalid) {
  struct Zeros {
    unsigned char bytes[sizeof(LogRecord)] = {};
  };
  EXPECT_FALSE(is_valid(std::bit_cast<LogRecord>(Zeros())));
}

}  // namespace
}  // namespace warren
