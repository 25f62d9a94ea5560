// SPDX-License-Identifier: Apache-2.0
//
// Lists of jobs come in one message, and clients take 4 MiB of one unless they are told otherwise.

#pragma once

#include <google/protobuf/repeated_field.h>

#include <algorithm>
#include <cstddef>

#include "face/joblet.h"

namespace warren::gateway {

inline constexpr std::size_t kLargestList = 4'000'000;

// Leaves out the oldest of the jobs that have ended, as many as it takes for the rest to fit.
// `jobs` begin with the newest.
template <typename Job>
void keep_what_fits(google::protobuf::RepeatedPtrField<Job>& jobs) {
  constexpr std::size_t kFraming = 5;
  const auto size = [](const Job& job) { return job.ByteSizeLong() + kFraming; };
  const auto has_ended = [](const Job& job) { return face::joblet::has_ended(job.status()); };
  std::size_t room = kLargestList;
  for (const Job& job : jobs) {
    if (!has_ended(job)) room -= std::min(room, size(job));
  }
  auto last = jobs.begin();
  for (; last != jobs.end(); ++last) {
    if (!has_ended(*last)) continue;
    if (size(*last) > room) break;
    room -= size(*last);
  }
  jobs.erase(std::remove_if(last, jobs.end(), has_ended), jobs.end());
}

}  // namespace warren::gateway
