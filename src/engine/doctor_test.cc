// SPDX-License-Identifier: Apache-2.0
//
// What an engine says of its host and of its own bounds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <utility>

#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;

using DoctorTest = EngineTest;

TEST_F(DoctorTest, NamesTheHostsChecksAndTheEnginesOwnBounds) {
  Config config = with_slots(0);
  config.joblet_face.enabled = false;
  start(std::move(config));
  const auto answer = call<v1::DoctorReply>(wire::kDoctor, v1::Empty());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->pid(), ::getpid());
  std::map<std::string, int> verdicts;
  for (const auto& check : answer->checks()) verdicts[check.name()] = check.verdict();
  EXPECT_EQ(verdicts["limit.fake"], v1::DoctorReply::Check::VERDICT_OK);
  EXPECT_EQ(verdicts["queue.max-concurrent"], v1::DoctorReply::Check::VERDICT_LIMITED);
  EXPECT_EQ(verdicts["faces.warren"], v1::DoctorReply::Check::VERDICT_OK);
  EXPECT_EQ(verdicts["faces.joblet"], v1::DoctorReply::Check::VERDICT_MISSING);
}

TEST_F(DoctorTest, SaysWhoMayCallForOthersAndWhere) {
  const auto gateway_of = [this](const std::string& user) {
    Config config;
    config.gateway_user = user;
    restart(std::move(config));
    const auto answer = call<v1::DoctorReply>(wire::kDoctor, v1::Empty());
    for (const auto& check : answer->checks()) {
      if (check.name() == "gateway") return check;
    }
    return v1::DoctorReply::Check();
  };
  const auto present = gateway_of("daemon");
  EXPECT_EQ(present.verdict(), v1::DoctorReply::Check::VERDICT_OK);
  EXPECT_EQ(present.detail(), "daemon may call for others on " + places_.runtime_dir.string() +
                                  "-gateway/engine.sock");
  const auto absent = gateway_of("no-such-account");
  EXPECT_EQ(absent.verdict(), v1::DoctorReply::Check::VERDICT_MISSING);
  EXPECT_THAT(absent.detail(), HasSubstr("no account no-such-account"));
  EXPECT_THAT(gateway_of("").detail(), HasSubstr("gateway.user in warren.yaml is empty"));
}

}  // namespace
}  // namespace warren::engine
