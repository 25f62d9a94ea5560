// SPDX-License-Identifier: Apache-2.0
//
// Sandboxes with places of their own: a link to the output, a cgroup with a name for people.

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/integration/left_behind.h"

namespace warren::test {
namespace {

namespace fs = std::filesystem;
using model::Profile;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::IsEmpty;

constexpr const char* kGroup = "jobs/job-7";

std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

provider::JobPlaces places_in(const fs::path& directory) {
  return {.output_link = (directory / "output" / "a").string(), .group = kGroup};
}

model::JobSpec patient_in(Profile profile) {
  model::JobSpec spec = patient(7);
  spec.sandbox.profile = profile;
  return spec;
}

class Places : public ::testing::TestWithParam<Profile> {};

INSTANTIATE_TEST_SUITE_P(EachProfile, Places,
                         ::testing::Values(Profile::kIsolated, Profile::kHost));

TEST_P(Places, AreThereWhileTheJobRunsAndGoWithWhatTheyLeadTo) {
  SandboxRunner runner;
  runner.set_places(places_in(runner.directory()));
  Running running = runner.start(patient_in(GetParam()));
  ASSERT_TRUE(running.started) << running.started.error().message;
  EXPECT_EQ(runner.await_output(running, "ready\n"), "ready\n");
  const fs::path link = runner.directory() / "output" / "a";
  EXPECT_EQ(content_of(link / "stdout.log"), "ready\n");
  const fs::perms group_reads =
      fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;
  EXPECT_EQ(fs::status(link / "stderr.log").permissions(), group_reads);
  const auto where = runner.look(running);
  ASSERT_TRUE(where) << where.error().message;
  EXPECT_THAT(where->cgroup, EndsWith(std::string("/") + kGroup));
  runner.signal(running, SIGTERM);
  const Running place{.sandbox = running.sandbox, .process = running.process};
  EXPECT_EQ(runner.finish(std::move(running)).exit_code(), 7);
  EXPECT_FALSE(fs::exists(where->cgroup));
  EXPECT_TRUE(fs::exists(link / "stdout.log"));
  runner.remove_log(place);
  EXPECT_FALSE(fs::is_symlink(link));
}

TEST_P(Places, AreFoundByTheNextEngine) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {patient_in(GetParam())}, {.places = places_in(directory)});
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  const Running place{.sandbox = left.commands[0].sandbox, .process = left.commands[0].process};
  const std::string cgroup = runner.look(place).value().cgroup;
  EXPECT_THAT(cgroup, EndsWith(kGroup));
  runner.signal(left.commands[0], SIGTERM);
  EXPECT_EQ(runner.finish(std::move(left.commands[0])).exit_code(), 7);
  EXPECT_FALSE(fs::exists(cgroup));
  runner.remove_log(place);
  EXPECT_TRUE(fs::is_empty(directory / "output"));
}

TEST_P(Places, AreSweptWhereNobodyClaimsThem) {
  const auto directory = make_directory();
  const Left left =
      leave_behind(directory, {patient_in(GetParam())}, {.places = places_in(directory)});
  SandboxRunner runner(directory);
  EXPECT_THAT(runner.adopt({}), IsEmpty());
  await_death(left.inits[0]);
  EXPECT_THAT(traces_of(left.commands[0].sandbox, directory), IsEmpty());
  // The name is free again.
  runner.set_places({.output_link = {}, .group = kGroup});
  Running next = runner.start(patient_in(GetParam()));
  ASSERT_TRUE(next.started) << next.started.error().message;
  runner.kill(next);
  std::ignore = runner.finish(std::move(next));
}

TEST(Whereabouts, NameTheCommandAndAllThatRunsWithIt) {
  SandboxRunner runner;
  for (const Profile profile : {Profile::kIsolated, Profile::kHost}) {
    Running running = runner.start(patient_in(profile));
    std::ignore = runner.await_output(running, "ready\n");
    const auto where = runner.look(running).value();
    EXPECT_EQ(content_of(fmt::format("/proc/{}/comm", where.pid)), "sh\n");
    EXPECT_THAT(where.attached, Contains(where.pid));
    EXPECT_EQ(where.attached.size(), 2U);  // And tail.
    runner.signal(running, SIGTERM);
    const Running gone{.sandbox = running.sandbox, .process = running.process};
    std::ignore = runner.finish(std::move(running));
    EXPECT_FALSE(runner.look(gone));
  }
}

}  // namespace
}  // namespace warren::test
