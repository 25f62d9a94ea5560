// SPDX-License-Identifier: Apache-2.0

#include "init/order.h"

#include <gtest/gtest.h>

namespace warren::init {
namespace {

using plan::MessageType;

Order order_of(MessageType type, std::size_t bytes) {
  Order order{};
  order.start = {};
  order.head = {
      .version = plan::kProtocolVersion, .type = type, .bytes = static_cast<std::uint32_t>(bytes)};
  return order;
}

struct Size {
  MessageType type;
  std::size_t bytes;
};
constexpr Size kSizes[] = {{MessageType::kLaunch, sizeof(plan::Start)},
                           {MessageType::kStart, sizeof(plan::Start)},
                           {MessageType::kSignal, sizeof(plan::Signal)},
                           {MessageType::kReleaseInput, sizeof(plan::ReleaseInput)},
                           {MessageType::kDial, sizeof(plan::Dial)},
                           {MessageType::kAccept, sizeof(plan::Accept)},
                           {MessageType::kAttach, sizeof(plan::MessageHead)},
                           {MessageType::kStat, sizeof(plan::MessageHead)},
                           {MessageType::kQuit, sizeof(plan::MessageHead)}};

constexpr std::uint16_t kOtherVersions[] = {0, plan::kProtocolVersion + 1, 65535};

TEST(Order, IsWholeAtExactlyItsSize) {
  for (const auto& [type, right] : kSizes) {
    for (std::size_t bytes = 0; bytes <= sizeof(Order); ++bytes) {
      EXPECT_EQ(is_whole(order_of(type, bytes), bytes), bytes == right)
          << static_cast<int>(type) << " of " << bytes << " bytes";
    }
  }
}

TEST(Order, IsNotWholeWhenItsHeadTellsOfAnotherSize) {
  for (const auto& [type, right] : kSizes) {
    EXPECT_FALSE(is_whole(order_of(type, right + 1), right));
    EXPECT_FALSE(is_whole(order_of(type, right), right - 1));
  }
}

TEST(Order, IsUnknownUnderAnyOtherNumber) {
  for (const int number : {0, 10, 64, 69, 65535}) {
    const auto type = static_cast<MessageType>(number);
    EXPECT_FALSE(is_whole(order_of(type, sizeof(plan::MessageHead)), sizeof(plan::MessageHead)));
    EXPECT_FALSE(is_whole(order_of(type, 0), 0));
  }
}

TEST(Order, IsOfThisVersionUnlessItAsksWhomItTalksTo) {
  for (const auto& [type, bytes] : kSizes) {
    for (const std::uint16_t version : kOtherVersions) {
      Order order = order_of(type, bytes);
      order.head.version = version;
      EXPECT_EQ(is_whole(order, bytes), type == MessageType::kAttach);
    }
  }
}

TEST(Order, NamesNoMoreDescriptorsThanItHasSlotsFor) {
  Order order = order_of(MessageType::kStart, sizeof(plan::Start));
  order.start.descriptors = plan::kMostDescriptors;
  EXPECT_TRUE(is_whole(order, sizeof(plan::Start)));
  order.start.descriptors = plan::kMostDescriptors + 1;
  EXPECT_FALSE(is_whole(order, sizeof(plan::Start)));
}

TEST(ProtocolVersion, AnEngineDrivesItsOwnAndTheTwoBefore) {
  EXPECT_FALSE(plan::is_driven(0));
  EXPECT_TRUE(plan::is_driven(plan::kProtocolVersion));
  EXPECT_FALSE(plan::is_driven(plan::kProtocolVersion + 1));
  EXPECT_EQ(plan::is_driven(plan::kProtocolVersion - 1), plan::kProtocolVersion > 1);
  EXPECT_FALSE(plan::is_driven(static_cast<std::uint16_t>(plan::kProtocolVersion - 3)));
}

}  // namespace
}  // namespace warren::init
