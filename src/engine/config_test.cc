// SPDX-License-Identifier: Apache-2.0

#include "engine/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

TEST(ParseConfig, AnEmptyFileMeansTheDefaultsWhichDeny) {
  for (const char* text : {"", "# nothing\n", "retention:\n"}) {
    const auto config = parse_config(text);
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(*config, Config{});
  }
  EXPECT_FALSE(Config{}.local_users);
}

TEST(ParseConfig, ReadsEveryKey) {
  const auto config = parse_config(
      "max_concurrent: 3\nmax_memory: 2G\nmax_queued: 9\nlocal_users: true\ndurability: power\n"
      "retention: {days: 7, count: 50}\ndefaults: {pids: 10, log: 1M}\n"
      "groups: {admin: ops, viewers: all}\ncgroup_root: /w\npool: {kind: directory}\n"
      "gateway: {user: gate}\nfaces: {warren: {enabled: false}, joblet: {enabled: false}, "
      "jobworker: {enabled: false}}\n");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->max_concurrent, 3U);
  EXPECT_EQ(config->max_memory.value, std::uint64_t{2} << 30);
  EXPECT_EQ(config->max_queued, 9U);
  EXPECT_TRUE(config->local_users);
  EXPECT_EQ(config->durability, store::Durability::kPower);
  EXPECT_EQ(config->retention_age, std::chrono::days(7));
  EXPECT_EQ(config->retention_count, 50U);
  EXPECT_EQ(config->default_pids, 10U);
  EXPECT_EQ(config->default_log.value, std::uint64_t{1} << 20);
  EXPECT_EQ(config->admin_group, "ops");
  EXPECT_EQ(config->viewer_group, "all");
  EXPECT_EQ(config->cgroup_root, "/w");
  EXPECT_EQ(config->pool_kind, "directory");
  EXPECT_EQ(config->gateway_user, "gate");
  EXPECT_FALSE(config->warren_face.enabled || config->joblet_face.enabled ||
               config->jobworker_face.enabled);
}

TEST(ParseConfig, ReadsWhatAFaceMayAskFor) {
  const auto config = parse_config(
      "faces:\n"
      "  warren: {profiles: [isolated, host], networks: [none, host]}\n"
      "  joblet: {cpu: 50, memory: 0, io: 1M, profiles: []}\n"
      "  jobworker: {profiles: isolated, networks: none, max: {cpu: 200, memory: 1G, pids: 9, "
      "disk: 2G, log: 1M, timeout: 1h}}\n");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->warren_face,
            (FaceCaps{.profiles = {model::Profile::kIsolated, model::Profile::kHost},
                      .networks = {model::Network::kNone, model::Network::kHost}}));
  EXPECT_EQ(
      config->joblet_face,
      (FaceCaps{.profiles = {}, .usual = {.cpu_percent = 50, .io_per_second = Bytes{1 << 20}}}));
  EXPECT_EQ(config->jobworker_face, (FaceCaps{.most = {.cpu_percent = 200,
                                                       .memory = Bytes{std::uint64_t{1} << 30},
                                                       .pids = 9,
                                                       .disk = Bytes{std::uint64_t{2} << 30},
                                                       .log = Bytes{1 << 20},
                                                       .timeout = std::chrono::hours(1)}}));
}

TEST(ParseConfig, RefusesWhatNoFaceCanHave) {
  for (const auto& [text, reason] :
       {std::pair{"faces: {http: {enabled: true}}", "no key 'faces.http'"},
        std::pair{"faces: {warren: {cpu: 5}}", "no key 'faces.warren.cpu'"},
        std::pair{"faces: {warren: {profiles: [all]}}", "faces.warren.profiles: 'all'"},
        std::pair{"faces: {warren: {networks: [bridge]}}", "'bridge'"},
        std::pair{"faces: {warren: {profiles: [[host]]}}", "takes a list"},
        std::pair{"faces: {warren: {max: {memory: [1G]}}}", "takes one value"},
        std::pair{"faces: {joblet: {memory: 1}}", "less than the smallest limit"}}) {
    EXPECT_THAT(parse_config(text), HoldsError(Errc::kInvalidArgument, HasSubstr(reason)));
  }
}

TEST(ParseConfig, LeavesTheGatewaysKeysToIt) {
  EXPECT_EQ(parse_config("gateway: {listen: ':50051', certs: /c, max_memory: 1G}\n"), Config{});
}

TEST(ParseConfig, NamesTheKeyAndTheLineOfAMistake) {
  EXPECT_THAT(
      parse_config("max_concurrent: 3\nlocal_user: false\n"),
      HoldsError(Errc::kInvalidArgument, AllOf(HasSubstr("line 2"), HasSubstr("'local_user'"))));
  EXPECT_THAT(parse_config("retention:\n  weeks: 3\n"),
              HoldsError(Errc::kInvalidArgument,
                         AllOf(HasSubstr("line 2"), HasSubstr("'retention.weeks'"))));
  EXPECT_THAT(
      parse_config("local_users: perhaps\n"),
      HoldsError(Errc::kInvalidArgument, AllOf(HasSubstr("line 1"), HasSubstr("local_users"))));
  EXPECT_THAT(parse_config("max_concurrent: [1]\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("one value")));
  EXPECT_THAT(parse_config("a: b: c\n"), HoldsError(Errc::kInvalidArgument, HasSubstr("line 1")));
  EXPECT_THAT(parse_config("just text\n"), HoldsError(Errc::kInvalidArgument, HasSubstr("line 1")));
}

TEST(ParseConfig, KeepsNumbersFarFromWhereTheyWrapAround) {
  EXPECT_THAT(parse_config("retention: {days: 36526}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("more than 36525")));
  EXPECT_THAT(parse_config("retention: {count: 18446744073709551615}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("more than 1000000000")));
}

TEST(ParseConfig, TakesNoDefaultThatAJobCouldNotAskFor) {
  EXPECT_THAT(parse_config("defaults: {pids: 9999999}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("defaults.pids")));
  EXPECT_THAT(parse_config("defaults: {log: 1}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("defaults.log")));
  EXPECT_TRUE(parse_config("defaults: {pids: 0, log: 0}\n").has_value());
}

TEST(LoadConfig, FailsOnADirectory) {
  EXPECT_THAT(load_config("/etc"), HoldsError(Errc::kInvalidArgument, HasSubstr("/etc")));
}

TEST(LoadConfig, FailsOnAFileThatIsNotThere) {
  EXPECT_THAT(load_config("/no/such/warren.yaml"),
              HoldsError(Errc::kNotFound, HasSubstr("/no/such/warren.yaml")));
}

}  // namespace
}  // namespace warren::engine
