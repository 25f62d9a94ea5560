// SPDX-License-Identifier: Apache-2.0

#include "gateway/connections.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

ConnectionId id(std::uint64_t number) {
  return ConnectionId{number};
}

TEST(Connections, LetGoOfTheOldestThatIsUnknown) {
  Connections connections({.all = 10, .unknown = 2});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  EXPECT_EQ(connections.add(id(3)), id(1));
  EXPECT_EQ(connections.add(id(4)), id(2));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(Connections, KeepThoseThatAreKnown) {
  Connections connections({.all = 10, .unknown = 1});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  connections.mark_known(id(1));
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  EXPECT_EQ(connections.add(id(3)), id(2));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(Connections, RefuseTheNewOneWhenAllOthersAreKnown) {
  Connections connections({.all = 2, .unknown = 2});
  for (const std::uint64_t number : {1, 2}) {
    EXPECT_EQ(connections.add(id(number)), std::nullopt);
    connections.mark_known(id(number));
  }
  EXPECT_EQ(connections.add(id(3)), id(3));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(Connections, HaveRoomAgainAfterOneLeft) {
  Connections connections({.all = 1, .unknown = 1});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  connections.mark_known(id(1));
  connections.remove(id(1));
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  connections.remove(id(2));
  EXPECT_EQ(connections.size(), 0U);
}

TEST(Connections, KnowNothingOfThoseThatLeft) {
  Connections connections({.all = 1, .unknown = 1});
  connections.mark_known(id(1));
  connections.remove(id(1));
  EXPECT_EQ(connections.size(), 0U);
}

}  // namespace
}  // namespace warren::gateway
