// SPDX-License-Identifier: Apache-2.0

#include "engine/face_caps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "engine/config.h"
#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using model::Face;
using model::Role;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

constexpr Bytes kGibibyte{std::uint64_t{1} << 30};

model::Caller caller(Face face, Role role = Role::kUser) {
  return {.principal = model::Principal::of_certificate("alice"), .role = role, .face = face};
}

model::JobSpec isolated() {
  model::JobSpec spec;
  spec.process.argv = {"true"};
  return spec;
}

// What JobWorker's face asks for.
model::JobSpec on_the_host() {
  model::JobSpec spec = isolated();
  spec.sandbox.profile = model::Profile::kHost;
  spec.sandbox.network = model::Network::kHost;
  spec.process.user = {.user = "nobody", .group = "nogroup"};
  spec.process.workdir = "/";
  spec.on_engine_exit = model::OnEngineExit::kKill;
  return spec;
}

Result<model::JobSpec> capped(Face face, const model::JobSpec& spec, Role role = Role::kUser,
                              const Config& config = {}) {
  return apply_caps(caps_of(config, face), caller(face, role), spec);
}

TEST(HostProfile, OfTheEnginesOwnSocketIsForAdminsAlone) {
  EXPECT_EQ(capped(Face::kLocal, on_the_host(), Role::kAdmin), on_the_host());
  EXPECT_THAT(
      capped(Face::kLocal, on_the_host()),
      HoldsError(Errc::kPermissionDenied, "profile: role user may not use the host profile"));
}

TEST(HostProfile, IsForNobodyThroughWarrenAndJoblet) {
  for (const Face face : {Face::kWarren, Face::kJoblet}) {
    for (const Role role : {Role::kAdmin, Role::kUser}) {
      EXPECT_THAT(capped(face, on_the_host(), role),
                  HoldsError(Errc::kPermissionDenied, HasSubstr("profile")));
    }
  }
}

TEST(HostProfile, ThatAFaceMayUseIsStillForAdminsAlone) {
  Config config;
  config.warren_face.profiles = {model::Profile::kHost};
  config.warren_face.networks = {model::Network::kHost};
  EXPECT_TRUE(capped(Face::kWarren, on_the_host(), Role::kAdmin, config));
  EXPECT_THAT(capped(Face::kWarren, on_the_host(), Role::kUser, config),
              HoldsError(Errc::kPermissionDenied, HasSubstr("role user")));
  EXPECT_THAT(capped(Face::kWarren, isolated(), Role::kAdmin, config),
              HoldsError(Errc::kPermissionDenied, HasSubstr("face warren: profile")));
}

TEST(HostProfile, IsForUsersOfJobWorkerWhoChooseNothingElse) {
  for (const Role role : {Role::kAdmin, Role::kUser}) {
    EXPECT_EQ(capped(Face::kJobWorker, on_the_host(), role), on_the_host());
  }
  EXPECT_THAT(capped(Face::kJobWorker, isolated()),
              HoldsError(Errc::kPermissionDenied, HasSubstr("face jobworker: profile")));
}

TEST(HostProfile, OfJobWorkerFixesWhatItsUsersCouldChoose) {
  std::vector<model::JobSpec> odd(8, on_the_host());
  odd[0].process.user.reset();
  odd[1].process.user = {.user = "root", .group = "root"};
  odd[2].process.user = {.user = "nobody", .group = ""};
  odd[3].process.user = {.user = "65534", .group = "65534"};
  odd[4].process.workdir.reset();
  odd[5].process.workdir = "/root";
  odd[6].wait_for_uploads = true;
  odd[7].on_engine_exit = model::OnEngineExit::kKeep;
  for (std::size_t i = 0; i < odd.size(); ++i) {
    for (const Role role : {Role::kAdmin, Role::kUser}) {
      EXPECT_THAT(capped(Face::kJobWorker, odd[i], role),
                  HoldsError(Errc::kPermissionDenied, HasSubstr("nobody:nogroup in /")))
          << i;
    }
  }
}

TEST(Networks, AreThoseOfTheFace) {
  model::JobSpec spec = on_the_host();
  spec.sandbox.network = model::Network::kNone;
  EXPECT_THAT(capped(Face::kJobWorker, spec),
              HoldsError(Errc::kPermissionDenied, HasSubstr("face jobworker: network")));
}

TEST(Limits, OfTheEnginesOwnSocketStayAsTheyAre) {
  model::JobSpec spec = isolated();
  spec.sandbox.limits.memory = kGibibyte;
  EXPECT_EQ(capped(Face::kLocal, spec), spec);
  EXPECT_EQ(capped(Face::kWarren, spec), spec);
}

TEST(Limits, OfJobletHaveDefaults) {
  const auto spec = capped(Face::kJoblet, isolated());
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->sandbox.limits,
            (model::Limits{.cpu_percent = 100, .memory = Bytes{std::uint64_t{512} << 20}}));
  model::JobSpec asked = isolated();
  asked.sandbox.limits = {.cpu_percent = 250, .memory = kGibibyte};
  EXPECT_EQ(capped(Face::kJoblet, asked), asked);
}

TEST(Limits, HaveTheUsualBandwidthUnlessTheySayOtherwise) {
  Config config;
  config.joblet_face.usual = {.io_per_second = Bytes{1 << 20}};
  EXPECT_EQ(capped(Face::kJoblet, isolated(), Role::kUser, config)->sandbox.limits,
            config.joblet_face.usual);
  for (const model::Limits& limits : {model::Limits{.io_per_second = Bytes{2 << 20}},
                                      model::Limits{.io_class = model::IoClass::kLow}}) {
    model::JobSpec asked = isolated();
    asked.sandbox.limits = limits;
    EXPECT_EQ(capped(Face::kJoblet, asked, Role::kUser, config), asked);
  }
}

model::Limits most() {
  return {.cpu_percent = 200,
          .memory = kGibibyte,
          .pids = 50,
          .disk = kGibibyte,
          .log = kGibibyte,
          .timeout = std::chrono::minutes(5)};
}

Config with_most() {
  Config config;
  config.warren_face.most = config.joblet_face.most = most();
  return config;
}

TEST(Limits, AreTheMostOfTheFaceWhereNothingIsAskedAndNothingUsual) {
  EXPECT_EQ(capped(Face::kWarren, isolated(), Role::kAdmin, with_most())->sandbox.limits, most());
  model::Limits expected = most();
  expected.cpu_percent = 100;
  expected.memory = Bytes{std::uint64_t{512} << 20};
  EXPECT_EQ(capped(Face::kJoblet, isolated(), Role::kUser, with_most())->sandbox.limits, expected);
}

TEST(Limits, ThatAreUsualAreNeverMoreThanTheMost) {
  Config config = with_most();
  config.joblet_face.most.memory = Bytes{64 << 20};
  EXPECT_EQ(capped(Face::kJoblet, isolated(), Role::kUser, config)->sandbox.limits.memory,
            Bytes{64 << 20});
}

TEST(Limits, AreRefusedBeyondTheMostOfTheFaceWhoeverAsks) {
  const auto refused = [](const char* name, auto set) {
    model::JobSpec spec = isolated();
    spec.sandbox.limits = most();
    EXPECT_TRUE(capped(Face::kWarren, spec, Role::kAdmin, with_most())) << name;
    set(spec.sandbox.limits);
    EXPECT_THAT(
        capped(Face::kWarren, spec, Role::kAdmin, with_most()),
        HoldsError(Errc::kResourceExhausted,
                   AllOf(HasSubstr("face warren: "), HasSubstr(name), HasSubstr("more than"))));
  };
  const Bytes more{kGibibyte.value + 1};
  refused("max-cpu", [](model::Limits& limits) { limits.cpu_percent = 201; });
  refused("max-memory", [=](model::Limits& limits) { limits.memory = more; });
  refused("max-pids", [](model::Limits& limits) { limits.pids = 51; });
  refused("max-disk", [=](model::Limits& limits) { limits.disk = more; });
  refused("max-log", [=](model::Limits& limits) { limits.log = more; });
  refused("timeout", [](model::Limits& limits) { limits.timeout = std::chrono::minutes(6); });
  refused("max-swap", [](model::Limits& limits) { limits.swap = Bytes{1}; });
}

TEST(Limits, LeaveRoomForSwapWithinTheMostMemory) {
  model::JobSpec spec = isolated();
  spec.sandbox.limits = most();
  spec.sandbox.limits.memory = Bytes{kGibibyte.value - 4096};
  spec.sandbox.limits.swap = Bytes{4096};
  EXPECT_EQ(capped(Face::kWarren, spec, Role::kUser, with_most()), spec);
}

}  // namespace
}  // namespace warren::engine
