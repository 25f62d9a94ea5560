// SPDX-License-Identifier: Apache-2.0

#include "gateway/config.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

TEST(ParseConfig, ReadsItsSectionAndNoOther) {
  const auto config = parse_config(
      "max_concurrent: 7\n"
      "faces: {joblet: {enabled: false}}\n"
      "gateway: {user: games, listen: '127.0.0.1:0', certs: /c, max_memory: 256M}\n");
  EXPECT_EQ(config, (Config{.user = "games",
                            .listen = "127.0.0.1:0",
                            .max_memory = Bytes{std::uint64_t{256} << 20}}));
}

TEST(ParseConfig, ListensNowhereUnlessItIsTold) {
  for (const char* text : {"", "gateway:\n", "gateway: {}\n", "local_users: true\n"}) {
    EXPECT_EQ(parse_config(text), Config{}) << text;
  }
  EXPECT_EQ(Config{}.listen, "");
}

TEST(ParseConfig, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(parse_config("gateway:\n  lisen: 1\n"),
              HoldsError(Errc::kInvalidArgument, "line 2: gateway.lisen: there is no such key"));
  EXPECT_THAT(parse_config("gateway:\n  listen: [a]\n"),
              HoldsError(Errc::kInvalidArgument, "line 2: gateway.listen takes one value"));
  EXPECT_THAT(parse_config("gateway: 7\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("line 1")));
  EXPECT_THAT(parse_config("gateway: {max_memory: 1M}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("less than 128M")));
  EXPECT_THAT(parse_config("gateway: {"), HoldsError(Errc::kInvalidArgument, HasSubstr("line")));
}

TEST(LoadConfig, NamesAFileThatIsNotThere) {
  EXPECT_THAT(load_config("/nonexistent"), HoldsError(Errc::kNotFound, HasSubstr("/nonexistent")));
}

}  // namespace
}  // namespace warren::gateway
