// SPDX-License-Identifier: Apache-2.0

#include "base/directory_path.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

TEST(ParseDirectory, HasOneSpellingForEachPath) {
  for (const char* text : {"/run/warren", "/run/warren/", "/run/warren//", "//run//warren",
                           "/run/./warren/.", "/run/other/../warren/"}) {
    EXPECT_EQ(parse_directory(text), "/run/warren") << text;
  }
  for (const char* text : {"/", "//", "/.", "/.."}) EXPECT_EQ(parse_directory(text), "/") << text;
}

TEST(ParseDirectory, RefusesWhatDependsOnTheWorkingDirectory) {
  for (const char* text : {"", "run", "./run", "../run/"}) {
    EXPECT_THAT(parse_directory(text), HoldsError(Errc::kInvalidArgument, HasSubstr("absolute")))
        << text;
  }
}

TEST(GatewayDirectory, LiesBesideTheEnginesAndNotInIt) {
  EXPECT_EQ(gateway_directory(*parse_directory("/run/warren/")), "/run/warren-gateway");
}

}  // namespace
}  // namespace warren
