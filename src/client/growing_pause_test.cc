// SPDX-License-Identifier: Apache-2.0

#include "client/growing_pause.h"

#include <gtest/gtest.h>

namespace warren::client {
namespace {

using std::chrono::milliseconds;

TEST(GrowingPause, DoublesUpToItsEnd) {
  GrowingPause pause;
  milliseconds expected = GrowingPause::kFirst;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(pause.after(milliseconds(0)), expected);
    expected = std::min(expected * 2, GrowingPause::kLongest);
  }
  EXPECT_EQ(expected, GrowingPause::kLongest);
}

TEST(GrowingPause, BeginsAnewAfterALifeLongEnough) {
  GrowingPause pause;
  EXPECT_EQ(pause.after(milliseconds(0)), milliseconds(100));
  EXPECT_EQ(pause.after(GrowingPause::kEnough - milliseconds(1)), milliseconds(200));
  EXPECT_EQ(pause.after(GrowingPause::kEnough), milliseconds(100));
  EXPECT_EQ(pause.after(milliseconds(0)), milliseconds(200));
}

}  // namespace
}  // namespace warren::client
