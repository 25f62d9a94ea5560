// SPDX-License-Identifier: Apache-2.0

#include "face/jobworker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/result_matchers.h"

namespace warren::face::jobworker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using ::warren::test::HoldsError;

proto::ResourceLimits limits(std::string cpu, std::string memory, std::string io_class) {
  proto::ResourceLimits limits;
  limits.set_cpu(std::move(cpu));
  limits.set_memory_max(std::move(memory));
  limits.set_io_class(std::move(io_class));
  return limits;
}

TEST(LimitsOf, GivesTheUsualToWhoSaysNothing) {
  const auto native = limits_of({});
  ASSERT_TRUE(native.has_value()) << native.error().message;
  EXPECT_EQ(native->cpu_percent(), 50U);
  EXPECT_EQ(native->memory_bytes(), 104'857'600U);
  EXPECT_EQ(native->io_class(), v1::Limits::IO_CLASS_LOW);
  EXPECT_TRUE(native->io_direct_only());
}

TEST(LimitsOf, CountsCpuInPercentOfOneCore) {
  struct Row {
    std::string text;
    std::uint32_t percent;
  };
  for (const Row& row : {Row{"500m", 50}, Row{"2", 200}, Row{"1.5", 150}, Row{"0.25", 25},
                         Row{"10m", 1}, Row{"1m", 1}, Row{"1001m", 101}, Row{"2000m", 200}}) {
    const auto native = limits_of(limits(row.text, "", ""));
    ASSERT_TRUE(native.has_value()) << row.text;
    EXPECT_EQ(native->cpu_percent(), row.percent) << row.text;
  }
}

TEST(LimitsOf, CountsMemoryInBinaryUnits) {
  struct Row {
    std::string text;
    std::uint64_t bytes;
  };
  for (const Row& row : {Row{"100M", 104'857'600}, Row{"64K", 65'536}, Row{"1G", 1'073'741'824},
                         Row{"1.5G", 1'610'612'736}, Row{"1048576", 1'048'576}}) {
    const auto native = limits_of(limits("", row.text, ""));
    ASSERT_TRUE(native.has_value()) << row.text;
    EXPECT_EQ(native->memory_bytes(), row.bytes) << row.text;
  }
}

TEST(LimitsOf, LeavesOutWhatIsUnlimited) {
  const auto native = limits_of(limits("max", "max", "high"));
  ASSERT_TRUE(native.has_value());
  EXPECT_FALSE(native->has_cpu_percent());
  EXPECT_FALSE(native->has_memory_bytes());
  EXPECT_EQ(native->io_class(), v1::Limits::IO_CLASS_HIGH);
  EXPECT_FALSE(native->io_direct_only());
}

TEST(LimitsOf, KnowsTheThreeClasses) {
  EXPECT_EQ(limits_of(limits("", "", "low"))->io_class(), v1::Limits::IO_CLASS_LOW);
  EXPECT_EQ(limits_of(limits("", "", "med"))->io_class(), v1::Limits::IO_CLASS_MEDIUM);
  EXPECT_EQ(limits_of(limits("", "", "high"))->io_class(), v1::Limits::IO_CLASS_HIGH);
}

TEST(LimitsOf, RefusesWhatIsNoLimitAndNamesIt) {
  for (const char* cpu : {"0", "0m", "-1", "m", "1.5x", "50%", "MAX", " 1", "0.0001"}) {
    EXPECT_THAT(limits_of(limits(cpu, "", "")),
                HoldsError(Errc::kInvalidArgument, HasSubstr("limits.cpu: ")))
        << cpu;
  }
  for (const char* memory : {"-1", "M", "100X", "unlimited"}) {
    EXPECT_THAT(limits_of(limits("", memory, "")),
                HoldsError(Errc::kInvalidArgument, HasSubstr("limits.memory_max: ")))
        << memory;
  }
  for (const char* io_class : {"medium", "LOW", "max", "1"}) {
    EXPECT_THAT(limits_of(limits("", "", io_class)),
                HoldsError(Errc::kInvalidArgument, HasSubstr("limits.io_class: ")))
        << io_class;
  }
}

TEST(AboutField, NamesTheFieldThatALimitCameFrom) {
  const auto said = [](std::string sentence) {
    return about_field({.code = Errc::kInvalidArgument, .message = std::move(sentence)}).message;
  };
  EXPECT_EQ(said("max-memory: too little"), "limits.memory_max: too little");
  EXPECT_EQ(said("max-cpu: too much"), "limits.cpu: too much");
  EXPECT_EQ(said("max-iobps: too much"), "limits.io_class: too much");
  EXPECT_EQ(said("no room for max-memory: 1M"), "no room for max-memory: 1M");
}

TEST(AboutFlag, NamesTheFlagThatAFieldCameFrom) {
  const auto said = [](std::string sentence) {
    return about_flag({.code = Errc::kInvalidArgument, .message = std::move(sentence)}).message;
  };
  EXPECT_EQ(said("limits.memory_max: too little"), "-mem: too little");
  EXPECT_EQ(said("limits.cpu: too much"), "-cpu: too much");
  EXPECT_EQ(said("limits.io_class: too much"), "-io: too much");
  EXPECT_EQ(said("no room"), "no room");
}

TEST(SpecOf, AsksForTheHostAsNobodyWithNothingButAPath) {
  proto::StartJobRequest request;
  request.set_executable("ls");
  request.add_args("-lah");
  request.add_args("/");
  const auto spec = spec_of(request);
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  EXPECT_THAT(spec->argv(), ElementsAre("ls", "-lah", "/"));
  EXPECT_EQ(spec->profile(), v1::Spec::PROFILE_HOST);
  EXPECT_EQ(spec->network(), "host");
  EXPECT_EQ(spec->user(), "nobody:nogroup");
  EXPECT_EQ(spec->workdir(), "/");
  EXPECT_THAT(spec->env(), UnorderedElementsAre(Pair("PATH", "/usr/bin:/bin")));
  EXPECT_FALSE(spec->input());
  EXPECT_FALSE(spec->merged_streams());
  EXPECT_TRUE(spec->end_with_engine());
  EXPECT_EQ(spec->limits().cpu_percent(), 50U);
}

TEST(SpecOf, RefusesARequestWithoutAProgram) {
  EXPECT_THAT(spec_of({}), HoldsError(Errc::kInvalidArgument, HasSubstr("executable")));
}

struct Ended {
  std::string_view state;
  std::string_view cause;
  std::optional<std::int32_t> native;  // The exit code as a shell sees it.
  proto::JobStatus status;
  std::int32_t exit_code;
};

// The contract's table, one row for each state and each cause.
constexpr Ended kTable[] = {
    {"SCHEDULED", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"QUEUED", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"STARTING", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"RUNNING", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"PAUSED", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"STOPPING", "", {}, proto::JOB_STATUS_RUNNING, 0},
    {"COMPLETED", "exited(0)", 0, proto::JOB_STATUS_EXITED, 0},
    {"FAILED", "exited(1)", 1, proto::JOB_STATUS_EXITED, 1},
    {"FAILED", "exited(255)", 255, proto::JOB_STATUS_EXITED, 255},
    {"FAILED", "exited(137)", 137, proto::JOB_STATUS_EXITED, 137},
    {"FAILED", "signaled(9)", 137, proto::JOB_STATUS_EXITED, -13},
    {"FAILED", "signaled(11)", 139, proto::JOB_STATUS_EXITED, -13},
    {"FAILED", "oom", 137, proto::JOB_STATUS_EXITED, -13},
    {"FAILED", "timeout", 124, proto::JOB_STATUS_EXITED, -13},
    {"FAILED", "disk-quota", 1, proto::JOB_STATUS_EXITED, 1},
    {"FAILED", "start-failed(execute)", 127, proto::JOB_STATUS_FAILED, -11},
    {"FAILED", "start-failed(start)", 125, proto::JOB_STATUS_FAILED, -11},
    {"FAILED", "start-failed(cgroup)", 125, proto::JOB_STATUS_FAILED, -12},
    {"STOPPED", "stopped-by(alice)", 143, proto::JOB_STATUS_STOPPED, -13},
    {"STOPPED", "stopped-by(alice)", 0, proto::JOB_STATUS_STOPPED, -13},
    {"CANCELLED", "cancelled-by(7)", 137, proto::JOB_STATUS_STOPPED, -13},
    {"LOST", "init-lost", 125, proto::JOB_STATUS_FAILED, -10},
    {"LOST", "machine-lost", 125, proto::JOB_STATUS_FAILED, -10},
};

TEST(MetadataOf, ShowsEachStateAndCauseAsTheContractSays) {
  for (const Ended& row : kTable) {
    v1::Node node;
    node.set_owner("alice");
    node.set_state(std::string(row.state));
    node.set_cause(std::string(row.cause));
    if (row.native) node.set_exit_code(*row.native);
    const proto::JobMetadata metadata = metadata_of(node);
    EXPECT_EQ(metadata.user(), "alice");
    EXPECT_EQ(metadata.status(), row.status) << row.state << " " << row.cause;
    EXPECT_EQ(metadata.exit_code(), row.exit_code) << row.state << " " << row.cause;
  }
}

}  // namespace
}  // namespace warren::face::jobworker
