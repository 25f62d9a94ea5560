// SPDX-License-Identifier: Apache-2.0

#include "engine/face_places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/config.h"

namespace warren::engine {
namespace {

using model::Face;
using provider::JobPlaces;

constexpr std::string_view kId = "0198c2f0-0000-7000-8000-000000000001";

std::string below(std::string_view place) {
  return fmt::format("{}/{}", place, kId);
}

model::Node process_of(Face face) {
  model::Node node;
  node.id = NodeId::parse(kId).value();
  node.seq = 7;
  node.face = face;
  return node;
}

TEST(FacePlaces, AreThoseOfTheirFaceAlone) {
  Config config;
  config.jobworker_places = {.output_dir = "/out", .cgroup_base = "jobs"};
  config.joblet_places = {.output_dir = {}, .cgroup_base = "joblet"};
  EXPECT_EQ(places_of(config, process_of(Face::kJobWorker)),
            (JobPlaces{.output_link = below("/out"), .group = below("jobs")}));
  EXPECT_EQ(places_of(config, process_of(Face::kJoblet)),
            (JobPlaces{.output_link = "", .group = "joblet/job-7"}));
  EXPECT_EQ(places_of(config, process_of(Face::kLocal)), JobPlaces());
  EXPECT_EQ(places_of(config, process_of(Face::kWarren)), JobPlaces());
}

TEST(FacePlaces, LeaveAJobWithinAnotherInThatOnesCgroup) {
  Config config;
  config.jobworker_places = {.output_dir = "/out", .cgroup_base = "jobs"};
  model::Node child = process_of(Face::kJobWorker);
  child.parent = NodeId::parse("0198c2f0-0000-7000-8000-000000000002").value();
  EXPECT_EQ(places_of(config, child), (JobPlaces{.output_link = below("/out"), .group = ""}));
}

TEST(FacePlaces, AreNoneUnlessConfiguredOrUsual) {
  Config config;
  EXPECT_EQ(places_of(config, process_of(Face::kJobWorker)), JobPlaces());
  config.jobworker_places.output_dir = "";
  use_usual_places(config);
  EXPECT_EQ(places_of(config, process_of(Face::kJobWorker)),
            (JobPlaces{.output_link = "", .group = below("jobs")}));
  EXPECT_EQ(places_of(config, process_of(Face::kJoblet)), JobPlaces());
}

TEST(FacePlaces, AreReadFromTheirKeys) {
  const Config config = parse_config(
                            "faces:\n"
                            "  jobworker: {output_dir: /srv/jobs, cgroup_base: work}\n"
                            "  joblet: {cgroup_base: joblet}\n")
                            .value();
  EXPECT_EQ(config.jobworker_places,
            (FacePlaces{.output_dir = "/srv/jobs", .cgroup_base = "work"}));
  EXPECT_EQ(config.joblet_places, (FacePlaces{.output_dir = {}, .cgroup_base = "joblet"}));
  for (const char* wrong : {"jobworker: {output_dir: jobs}", "jobworker: {output_dir: /jobs/}",
                            "jobworker: {cgroup_base: a/b}", "joblet: {cgroup_base: ..}",
                            "joblet: {cgroup_base: init}"}) {
    EXPECT_FALSE(parse_config(fmt::format("faces:\n  {}\n", wrong))) << wrong;
  }
}

}  // namespace
}  // namespace warren::engine
