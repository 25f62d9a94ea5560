// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/status.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::relay {
namespace {

using grpc::StatusCode;

TEST(ToResult, KeepsTheEnginesCodesAndSentences) {
  EXPECT_TRUE(to_result(grpc::Status::OK));
  EXPECT_THAT(to_result({StatusCode::NOT_FOUND, "no job 'x'"}),
              test::HoldsError(Errc::kNotFound, "no job 'x'"));
  EXPECT_THAT(to_result({StatusCode::UNIMPLEMENTED, "no"}),
              test::HoldsError(Errc::kUnimplemented, "no"));
  EXPECT_THAT(to_result({StatusCode::UNAVAILABLE, "gone"}),
              test::HoldsError(Errc::kUnavailable, "gone"));
}

TEST(ToResult, GivesCodesOfOthersTheNearestOfOurs) {
  EXPECT_THAT(to_result({StatusCode::UNAUTHENTICATED, "who?"}),
              test::HoldsError(Errc::kPermissionDenied, "who?"));
  EXPECT_THAT(to_result({StatusCode::DEADLINE_EXCEEDED, "late"}),
              test::HoldsError(Errc::kUnavailable, "late"));
  EXPECT_THAT(to_result({StatusCode::OUT_OF_RANGE, "far"}),
              test::HoldsError(Errc::kInvalidArgument, "far"));
  EXPECT_THAT(to_result({StatusCode::ABORTED, "again"}),
              test::HoldsError(Errc::kFailedPrecondition, "again"));
  EXPECT_THAT(to_result({StatusCode::UNKNOWN, "?"}), test::HoldsError(Errc::kInternal, "?"));
}

TEST(ToResult, HasASentenceWhereTheServerGaveNone) {
  EXPECT_THAT(to_result({StatusCode::NOT_FOUND, ""}),
              test::HoldsError(Errc::kNotFound, "status 5 of gRPC"));
}

}  // namespace
}  // namespace warren::relay
