// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/peers.h"

#include <gmock/gmock.h>

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

Identity alice() {
  return {.name = "alice", .role = model::Role::kUser};
}

TEST(Peers, KnowWhoIsBehindAConnection) {
  Peers peers;
  peers.add("one", ConnectionId{1}, Shown(Result<Identity>(alice())));
  peers.add("two", ConnectionId{2}, Shown(fail(Errc::kPermissionDenied, "no role")));
  peers.add("three", ConnectionId{3}, std::nullopt);
  EXPECT_EQ(peers.see_call("one").value().value(), alice());
  EXPECT_EQ(peers.see_call("two").value().value().error().message, "no role");
  EXPECT_FALSE(peers.see_call("three").value().has_value());
}

TEST(Peers, DoNotKnowWhoIsNotThereOrNotAnyMore) {
  Peers peers;
  peers.add("one", ConnectionId{1}, Shown(Result<Identity>(alice())));
  peers.remove("one");
  EXPECT_FALSE(peers.see_call("one").has_value());
  EXPECT_FALSE(peers.see_call("").has_value());
  EXPECT_THAT(peers.take_seen(), IsEmpty());
}

TEST(Peers, CountCallsOnce) {
  Peers peers;
  peers.add("one", ConnectionId{1}, std::nullopt);
  peers.add("gone", ConnectionId{2}, std::nullopt);
  for (const char* peer : {"one", "gone", "one"}) EXPECT_TRUE(peers.see_call(peer));
  peers.remove("gone");
  EXPECT_THAT(peers.take_seen(), ElementsAre(FieldsAre(ConnectionId{1}, 2U)));
  EXPECT_THAT(peers.take_seen(), IsEmpty());
  EXPECT_TRUE(peers.see_call("one"));
  EXPECT_THAT(peers.take_seen(), ElementsAre(FieldsAre(ConnectionId{1}, 1U)));
}

}  // namespace
}  // namespace warren::gateway
