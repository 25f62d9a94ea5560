// SPDX-License-Identifier: Apache-2.0

#include "client/node_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

std::vector<std::string> keys_of(const nlohmann::ordered_json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(NodeToJson, HasTheKeysThatScriptsRelyOn) {
  const auto json = node_to_json(v1::Node());
  EXPECT_THAT(keys_of(json),
              ::testing::ElementsAre(
                  "id", "seq", "name", "kind", "state", "cause", "exit_code", "signal", "command",
                  "image", "provider", "sandbox", "parent", "children", "network", "limits",
                  "usage", "created_at", "started_at", "ended_at", "scheduled_at", "late_ms",
                  "labels", "owner", "face", "profile", "message", "priority", "stdout_bytes",
                  "stderr_bytes", "lost_bytes", "pid", "cgroup", "attached_pids"));
  EXPECT_THAT(keys_of(json["usage"]),
              ::testing::ElementsAre("cpu_usec", "memory_bytes", "memory_peak_bytes",
                                     "io_read_bytes", "io_write_bytes", "pids", "throttled_usec"));
}

TEST(NodeToJson, SaysNullForWhatIsNotKnownYet) {
  const auto json = node_to_json(v1::Node());
  EXPECT_TRUE(json["exit_code"].is_null());
  EXPECT_TRUE(json["started_at"].is_null());
  EXPECT_TRUE(json["limits"]["memory_bytes"].is_null());
  EXPECT_EQ(json["command"].dump(), "[]");
}

TEST(NodeToJson, ShowsAnEndedJob) {
  v1::Node node;
  node.set_id("0198c0de-0000-7000-8000-000000000001");
  node.set_exit_code(0);
  node.add_command("echo");
  node.set_created_at(1'700'000'000'250'000);
  node.mutable_limits()->set_memory_bytes(64 << 20);
  (*node.mutable_labels())["b"] = "2";
  (*node.mutable_labels())["a"] = "1";
  const auto json = node_to_json(node);
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_EQ(json["command"].dump(), R"(["echo"])");
  EXPECT_EQ(json["created_at"], "2023-11-14T22:13:20.25Z");
  EXPECT_EQ(json["limits"]["memory_bytes"], 64 << 20);
  EXPECT_EQ(json["labels"].dump(), R"({"a":"1","b":"2"})");
}

TEST(NodeToJson, GivesOnlyTheFieldsThatAreWanted) {
  v1::Node node;
  node.set_seq(7);
  node.set_state("RUNNING");
  const auto json = node_to_json(node, {"state", "seq", "exit_code"});
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(json->dump(), R"({"state":"RUNNING","seq":7,"exit_code":null})");
  EXPECT_EQ(node_to_json(node, {}), node_to_json(node));
}

TEST(NodeToJson, RefusesAFieldThatDoesNotExist) {
  EXPECT_THAT(node_to_json(v1::Node(), {"seq", "sqe"}),
              test::HoldsError(Errc::kInvalidArgument, "there is no field 'sqe'"));
}

TEST(ViewOf, IsBasicWhereThatIsEnough) {
  EXPECT_EQ(view_of({"id", "state", "command"}), v1::ListRequest::VIEW_BASIC);
  EXPECT_EQ(view_of({"id", "limits"}), v1::ListRequest::VIEW_FULL);
  EXPECT_EQ(view_of({}), v1::ListRequest::VIEW_FULL);
}

TEST(DoctorToJson, SaysWhereTheEngineIs) {
  v1::DoctorReply reply;
  reply.set_pid(42);
  auto& check = *reply.add_checks();
  check.set_name("limit.memory");
  check.set_verdict(v1::DoctorReply::Check::VERDICT_LIMITED);
  const auto json = doctor_to_json(reply);
  EXPECT_EQ(json["engine"]["pid"], 42);
  EXPECT_EQ(json["checks"][0]["verdict"], "limited");
}

}  // namespace
}  // namespace warren::client
