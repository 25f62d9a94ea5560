// SPDX-License-Identifier: Apache-2.0

#include "gateway/connections.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

ConnectionId id(std::uint64_t number) {
  return ConnectionId{number};
}

TEST(Connections, LetGoOfTheOldestThatHasNotCalled) {
  Connections connections({.all = 10, .without_call = 2});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  EXPECT_EQ(connections.add(id(3)), id(1));
  EXPECT_EQ(connections.add(id(4)), id(2));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(Connections, KeepThoseThatHaveCalled) {
  Connections connections({.all = 10, .without_call = 1});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  connections.mark_called(id(1));
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  EXPECT_EQ(connections.add(id(3)), id(2));
  EXPECT_EQ(connections.size(), 2U);
  EXPECT_EQ(connections.without_call().size(), 1U);
}

TEST(Connections, RefuseTheNewOneWhenAllOthersHaveCalled) {
  Connections connections({.all = 2, .without_call = 2});
  for (const std::uint64_t number : {1, 2}) {
    EXPECT_EQ(connections.add(id(number)), std::nullopt);
    connections.mark_called(id(number));
  }
  EXPECT_EQ(connections.add(id(3)), id(3));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(Connections, HaveRoomAgainAfterOneLeft) {
  Connections connections({.all = 1, .without_call = 1});
  EXPECT_EQ(connections.add(id(1)), std::nullopt);
  connections.mark_called(id(1));
  connections.remove(id(1));
  EXPECT_EQ(connections.add(id(2)), std::nullopt);
  connections.remove(id(2));
  EXPECT_EQ(connections.size(), 0U);
  EXPECT_EQ(connections.without_call().size(), 0U);
}

TEST(Connections, KnowNothingOfThoseThatLeft) {
  Connections connections({.all = 1, .without_call = 1});
  connections.mark_called(id(1));
  connections.remove(id(1));
  EXPECT_EQ(connections.size(), 0U);
}

}  // namespace
}  // namespace warren::gateway
