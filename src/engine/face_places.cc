// SPDX-License-Identifier: Apache-2.0

#include "engine/face_places.h"

#include <algorithm>

#include "engine/config.h"

namespace warren::engine {
namespace {

constexpr const char* kUsualOutputDir = "/var/lib/jobs";
constexpr const char* kUsualCgroupBase = "jobs";

const FacePlaces* places_of(const Config& config, model::Face face) {
  switch (face) {
    case model::Face::kJoblet:
      return &config.joblet_places;
    case model::Face::kJobWorker:
      return &config.jobworker_places;
    case model::Face::kLocal:
    case model::Face::kWarren:
      break;
  }
  return nullptr;
}

// As the face calls the job.
std::string leaf_of(const model::Node& process) {
  return process.face == model::Face::kJoblet ? fmt::format("job-{}", process.seq)
                                              : process.id.to_text();
}

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

}  // namespace

Result<std::string> parse_output_dir(const std::string& text) {
  if (text.empty() || (text.starts_with('/') && !text.ends_with('/'))) return text;
  return fail(Errc::kInvalidArgument, "'{}' is no absolute path of a directory", text);
}

Result<std::string> parse_cgroup_base(const std::string& text) {
  const bool is_taken = text == "init" || text == "main";
  if (!is_taken && text.size() <= NodeId::kTextLength - 1 && std::ranges::all_of(text, is_plain)) {
    return text;
  }
  return fail(Errc::kInvalidArgument, "'{}' cannot be the name of a cgroup for jobs", text);
}

void use_usual_places(Config& config) {
  FacePlaces& jobworker = config.jobworker_places;
  if (!jobworker.output_dir) jobworker.output_dir = kUsualOutputDir;
  if (!jobworker.cgroup_base) jobworker.cgroup_base = kUsualCgroupBase;
}

provider::JobPlaces places_of(const Config& config, const model::Node& process) {
  provider::JobPlaces places;
  const FacePlaces* of_face = places_of(config, process.face);
  if (of_face == nullptr) return places;
  const std::string output_dir = of_face->output_dir.value_or("");
  const std::string cgroup_base = of_face->cgroup_base.value_or("");
  if (!output_dir.empty()) places.output_link = output_dir + "/" + process.id.to_text();
  // The cgroup of a job within another one is within that one's.
  if (!cgroup_base.empty() && !process.parent) {
    places.group = cgroup_base + "/" + leaf_of(process);
  }
  return places;
}

}  // namespace warren::engine
