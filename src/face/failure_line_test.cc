// SPDX-License-Identifier: Apache-2.0

#include "face/failure_line.h"

#include <gtest/gtest.h>

namespace warren::face {
namespace {

v1::Node failed() {
  v1::Node node;
  node.set_state("FAILED");
  node.set_cause("start-failed(execute)");
  node.set_message("execute nothing: No such file or directory");
  return node;
}

TEST(FailureLine, SaysWhyAJobNeverRan) {
  v1::Node node = failed();
  EXPECT_EQ(failure_line(node),
            "Job could not be started: execute nothing: No such file or directory\n");
  node.clear_message();
  EXPECT_EQ(failure_line(node), "Job could not be started: start-failed(execute)\n");
}

TEST(FailureLine, IsThereForNoOtherJob) {
  v1::Node ran = failed();
  ran.set_started_at(1);
  EXPECT_EQ(failure_line(ran), "");
  for (const char* state : {"QUEUED", "STOPPED", "CANCELLED", "LOST", ""}) {
    v1::Node node = failed();
    node.set_state(state);
    EXPECT_EQ(failure_line(node), "") << state;
  }
}

}  // namespace
}  // namespace warren::face
