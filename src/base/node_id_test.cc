// SPDX-License-Identifier: Apache-2.0

#include "base/node_id.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace warren {
namespace {

constexpr std::array<std::uint8_t, 10> kOnes{0xff, 0xff, 0xff, 0xff, 0xff,
                                             0xff, 0xff, 0xff, 0xff, 0xff};

Timestamp at_millisecond(std::int64_t count) {
  return Timestamp(std::chrono::milliseconds(count));
}

TEST(NodeId, CarriesItsTimeVersionAndVariant) {
  // The example of RFC 9562, appendix A.6.
  const NodeId id = NodeId::make(at_millisecond(0x017f22e279b0),
                                 {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
  EXPECT_EQ(id.to_text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(NodeId, KeepsVersionAndVariantWhateverTheRandomBits) {
  EXPECT_EQ(NodeId::make(at_millisecond(0), kOnes).to_text(),
            "00000000-0000-7fff-bfff-ffffffffffff");
  EXPECT_EQ(NodeId::make(at_millisecond(0), {}).to_text(), "00000000-0000-7000-8000-000000000000");
}

TEST(NodeId, SortsByTimeOfCreationAsBytesAndAsText) {
  const NodeId earlier = NodeId::make(at_millisecond(0x0100), kOnes);
  const NodeId later = NodeId::make(at_millisecond(0x0101), {});
  EXPECT_LT(earlier, later);
  EXPECT_LT(earlier.to_text(), later.to_text());
}

TEST(NodeId, ReadsBackWhatItWrites) {
  const NodeId id = NodeId::make(at_millisecond(1'763'626'481'000), kOnes);
  EXPECT_EQ(NodeId::parse(id.to_text()), id);
  EXPECT_EQ(NodeId::from_bytes(id.bytes()), id);
  EXPECT_EQ(id.to_text().size(), NodeId::kTextLength);
}

TEST(NodeId, RejectsEveryOtherForm) {
  for (const std::string_view text : {
           "",
           "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
           "017f22e279b07cc398c4dc0c0c07398f",
           "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
           "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
           "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
           "------------------------------------",
       }) {
    const auto id = NodeId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, Errc::kInvalidArgument);
  }
}

TEST(NodeId, IsNilUntilMade) {
  EXPECT_TRUE(NodeId().is_nil());
  EXPECT_EQ(NodeId().to_text(), "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(NodeId::make(at_millisecond(0), {}).is_nil());
}

TEST(NodeId, HashesApart) {
  std::unordered_set<NodeId> ids;
  for (std::uint8_t i = 0; i < 100; ++i) {
    ids.insert(NodeId::make(at_millisecond(i), {}));
    ids.insert(NodeId::make(at_millisecond(0), {0, 0, 0, i}));
  }
  EXPECT_EQ(ids.size(), 199U);
  EXPECT_NE(std::hash<NodeId>()(NodeId::make(at_millisecond(1), {})),
            std::hash<NodeId>()(NodeId::make(at_millisecond(2), {})));
}

}  // namespace
}  // namespace warren
