// SPDX-License-Identifier: Apache-2.0
//
// Lists of jobs come in one message, and clients take 4 MiB of one unless they are told otherwise.

#pragma once

#include <google/protobuf/repeated_field.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "face/joblet.h"

namespace warren::gateway {

inline constexpr std::size_t kLargestList = 4'000'000;

// The jobs for one message, given one after another, the newest first. The oldest of those that
// have ended are left out, as many as it takes for the rest to fit. What is held meanwhile are all
// that have not ended, and no more than twice that much of the others.
template <typename Job>
class JobList {
 public:
  using Jobs = google::protobuf::RepeatedPtrField<Job>;

  void add(Job job) {
    if (is_full_ && has_ended(job)) return;
    size_ += size_of(job);
    jobs_.Add(std::move(job));
    if (is_full_ || size_ <= 2 * kLargestList) return;
    keep_what_fits();
    is_full_ = true;
  }

  // Bytes that are held.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] Jobs take() && {
    keep_what_fits();
    return std::move(jobs_);
  }

 private:
  [[nodiscard]] static bool has_ended(const Job& job) {
    return face::joblet::has_ended(job.status());
  }
  [[nodiscard]] static std::size_t size_of(const Job& job) {
    constexpr std::size_t kFraming = 5;
    return job.ByteSizeLong() + kFraming;
  }

  void keep_what_fits() {
    std::size_t room = kLargestList;
    for (const Job& job : jobs_) {
      if (!has_ended(job)) room -= std::min(room, size_of(job));
    }
    auto last = jobs_.begin();
    for (; last != jobs_.end(); ++last) {
      if (!has_ended(*last)) continue;
      if (size_of(*last) > room) break;
      room -= size_of(*last);
    }
    jobs_.erase(std::remove_if(last, jobs_.end(), has_ended), jobs_.end());
    size_ = 0;
    for (const Job& job : jobs_) size_ += size_of(job);
  }

  Jobs jobs_;
  std::size_t size_ = 0;  // Of all of them.
  bool is_full_ = false;  // What is older and has ended has no room.
};

// The answer with the jobs that have room in it. Nothing else of them is kept while it is sent.
template <typename Answer, typename Job>
[[nodiscard]] std::string serialize(JobList<Job> jobs) {
  Answer answer;
  *answer.mutable_jobs() = std::move(jobs).take();
  return answer.SerializeAsString();
}

}  // namespace warren::gateway
