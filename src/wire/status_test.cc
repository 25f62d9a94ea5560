// SPDX-License-Identifier: Apache-2.0

#include "wire/status.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::wire {
namespace {

TEST(Status, OfEveryErrorComesBackTheSame) {
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    const Error error{static_cast<Errc>(code), "why"};
    const auto result = to_result(to_end(std::unexpected(error)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), error);
  }
}

TEST(Status, NumbersAreThoseOfGrpc) {
  EXPECT_EQ(to_status_code(Errc::kInvalidArgument), 3U);
  EXPECT_EQ(to_status_code(Errc::kNotFound), 5U);
  EXPECT_EQ(to_status_code(Errc::kUnimplemented), 12U);
  EXPECT_EQ(to_status_code(Errc::kUnavailable), 14U);
}

TEST(Status, OfSuccessIsZero) {
  EXPECT_EQ(to_end({}).code(), 0U);
  EXPECT_TRUE(to_result(v1::End()));
}

TEST(Status, OfAnUnknownNumberIsInternal) {
  EXPECT_EQ(to_errc(99), Errc::kInternal);
}

}  // namespace
}  // namespace warren::wire
