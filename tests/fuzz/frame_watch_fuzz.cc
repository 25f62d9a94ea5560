// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/frame_watch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>

#include "tests/fuzz/require.h"

namespace {

using namespace warren::gateway;
using Bytes = std::span<const std::byte>;
using Verdict = FrameWatch::Verdict;

constexpr FrameWatch::Time kNow{std::chrono::hours(1)};
constexpr StreamQuota::Bounds kQuota{.streams = 64, .unseen = {.at_once = 32, .per_second = 1}};

std::shared_ptr<StreamQuota> new_quota() {
  return std::make_shared<StreamQuota>(kQuota, kNow);
}

struct Course {
  std::size_t passed = 0;
  Verdict verdict = Verdict::kPass;
  std::uint32_t last_stream = 0;
  std::size_t open_streams = 0;
  std::string_view complaint = {};
};

// What becomes of bytes of a client that come in pieces of so many, until they do not pass.
Course send_in_pieces(Bytes bytes, std::size_t piece) {
  const auto client = new_quota();
  const auto all = new_quota();
  Course course;
  {
    FrameWatch watch({}, client, all, kNow);
    while (!bytes.empty() && course.verdict == Verdict::kPass) {
      const Bytes some = bytes.first(std::min(piece, bytes.size()));
      const auto [passed, verdict] = watch.from_client(some, kNow);
      warren::fuzz::require(passed <= some.size());
      warren::fuzz::require(verdict != Verdict::kPass || passed == some.size());
      course.passed += passed;
      course.verdict = verdict;
      bytes = bytes.subspan(some.size());
    }
    course.last_stream = watch.last_stream();
    course.open_streams = watch.open_streams();
    course.complaint = watch.complaint();
  }
  // A connection that has ended leaves nothing behind but calls that nobody has seen.
  warren::fuzz::require(client->is_unused(kNow + std::chrono::hours(1)));
  warren::fuzz::require(all->is_unused(kNow + std::chrono::hours(1)));
  return course;
}

// The pieces make no difference but for the head of a frame that has to wait, of which some may
// have passed with the piece before.
void compare(const Course& whole, const Course& pieces) {
  warren::fuzz::require(whole.verdict == pieces.verdict);
  warren::fuzz::require(whole.last_stream == pieces.last_stream);
  warren::fuzz::require(whole.open_streams == pieces.open_streams);
  warren::fuzz::require(whole.complaint == pieces.complaint);
  if (whole.verdict == Verdict::kEnd) return;
  warren::fuzz::require(pieces.passed >= whole.passed &&
                        pieces.passed - whole.passed < kFrameHeadSize);
}

// The same bytes as the library's, to a client with as many calls as it may have.
void answer(Bytes bytes) {
  const auto quota = new_quota();
  FrameWatch watch({}, quota, quota, kNow);
  std::ignore = watch.from_client(bytes, kNow);
  const std::size_t open = watch.open_streams();
  std::ignore = watch.from_library(bytes, kNow);
  warren::fuzz::require(watch.open_streams() <= open);
}

}  // namespace

// The first byte says in how large pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const Course whole = send_in_pieces(bytes, bytes.size());
  warren::fuzz::require(whole.last_stream == 0 || whole.last_stream % 2 == 1);
  warren::fuzz::require(whole.open_streams <= kQuota.streams);
  compare(whole, send_in_pieces(bytes, std::size_t{data[0]} + 1));
  answer(bytes);
  return 0;
}
