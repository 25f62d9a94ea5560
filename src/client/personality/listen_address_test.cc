// SPDX-License-Identifier: Apache-2.0

#include "client/personality/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

TEST(ListenAddress, IsAllOfTheMachinesWithoutAHost) {
  EXPECT_EQ(listen_address(":50051", true), "[::]:50051");
  EXPECT_EQ(listen_address(":50051", false), "0.0.0.0:50051");
}

TEST(ListenAddress, IsTheLoopbackForItsName) {
  EXPECT_EQ(listen_address("localhost:50051", true), "127.0.0.1:50051");
}

TEST(ListenAddress, IsWhatIsSaidOtherwise) {
  EXPECT_EQ(listen_address("192.0.2.1:7", true), "192.0.2.1:7");
  EXPECT_EQ(listen_address("[::1]:50051", false), "[::1]:50051");
}

TEST(ListenAddress, NeedsAPort) {
  EXPECT_THAT(listen_address("localhost", true),
              HoldsError(Errc::kInvalidArgument, HasSubstr("no port")));
}

}  // namespace
}  // namespace warren::client
