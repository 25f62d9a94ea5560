// SPDX-License-Identifier: Apache-2.0
//
// Whole plans as text. WARREN_UPDATE_GOLDEN=1 rewrites the files; the change is then reviewed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "plan/plan_fixture.h"

namespace warren::plan {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void expect_golden(const std::string& file, const model::JobSpec& spec) {
  const std::string path = std::string(WARREN_GOLDEN_DIR) + "/" + file;
  const std::string text = to_text(compile(spec, small_image(), small_host()).value());
  if (const char* update = std::getenv("WARREN_UPDATE_GOLDEN"); update != nullptr && *update) {
    std::ofstream(path) << text;
  }
  EXPECT_EQ(text, content_of(path)) << "of " << path;
}

TEST(GoldenPlan, OfTheIsolatedProfile) {
  expect_golden("plan_isolated.txt", job({"make", "-j", "2"}));
}

TEST(GoldenPlan, OfTheHostProfile) {
  expect_golden("plan_host.txt", host_job({"make", "-j", "2"}));
}

TEST(GoldenPlan, OfAJobThatEndsWithTheEngine) {
  model::JobSpec spec = host_job({"make", "-j", "2"});
  spec.on_engine_exit = model::OnEngineExit::kKill;
  expect_golden("plan_ends_with_engine.txt", spec);
}

}  // namespace
}  // namespace warren::plan
