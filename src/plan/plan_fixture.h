// SPDX-License-Identifier: Apache-2.0
//
// A small image, a host and a command, for the tests of this module.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "plan/compile.h"

namespace warren::plan {

inline Image small_image() {
  return {.layers = "host/1",
          .host_trees = {"usr"},
          .passwd =
              "root:x:0:0:root:/root:/bin/sh\n"
              "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
          .group = "root:x:0:\ndaemon:x:1:\nmail:x:8:daemon\nnogroup:x:65534:\n",
          .path = "/usr/local/bin:/usr/bin:/bin"};
}

inline Resources small_host() {
  return {.sandbox_dir = "layers/box",
          .first_id = 1 << 20,
          .init_tasks = 1,
          .work_tasks = 2,
          .has_work_group = true,
          .has_kill_file = true,
          .has_meminfo = true,
          .affinity = {},
          .hostname = "box",
          .seccomp = std::vector<std::byte>(16)};
}

inline model::JobSpec job(std::vector<std::string> argv) {
  model::JobSpec spec;
  spec.process.argv = std::move(argv);
  return spec;
}

inline model::JobSpec host_job(std::vector<std::string> argv) {
  model::JobSpec spec = job(std::move(argv));
  spec.sandbox.profile = model::Profile::kHost;
  return spec;
}

inline std::vector<Op> ops_of(const std::vector<Step>& steps) {
  std::vector<Op> ops;
  ops.reserve(steps.size());
  for (const Step& step : steps) ops.push_back(step.op);
  return ops;
}

// The only step with `op`, or nothing when there is none or more than one.
inline std::optional<Step> only(const std::vector<Step>& steps, Op op) {
  if (std::ranges::count(steps, op, &Step::op) != 1) return std::nullopt;
  return *std::ranges::find(steps, op, &Step::op);
}

// Where the first and the last step with `op` stand; the number of steps where there is none.
inline std::size_t first_of(const std::vector<Step>& steps, Op op) {
  return static_cast<std::size_t>(std::ranges::find(steps, op, &Step::op) - steps.begin());
}
inline std::size_t last_of(const std::vector<Step>& steps, Op op) {
  const auto found = std::ranges::find(steps.rbegin(), steps.rend(), op, &Step::op);
  return found == steps.rend() ? steps.size() : static_cast<std::size_t>(steps.rend() - found) - 1;
}

}  // namespace warren::plan
