// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/frame_watch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace warren::gateway {
namespace {

// From here on a payload pays for its frame.
constexpr std::uint32_t kSmallFrame = 1024;

}  // namespace

FrameWatch::FrameWatch(const Bounds& bounds, std::shared_ptr<StreamQuota> client,
                       std::shared_ptr<StreamQuota> all, Time now)
    : bounds_(bounds),
      own_(bounds.streams, now),
      client_(std::move(client)),
      all_(std::move(all)),
      resets_(bounds.resets, now),
      settings_(bounds.settings, now),
      pings_(bounds.pings, now),
      idle_(bounds.idle, now),
      small_(bounds.small, now) {}

FrameWatch::~FrameWatch() {
  client_->closed(open_.size());
  all_->closed(open_.size());
}

FrameWatch::Look FrameWatch::from_client(std::span<const std::byte> bytes, Time now) {
  std::span<const std::byte> rest = bytes;
  for (;;) {
    rest = rest.subspan(from_client_.skip_payload(rest.size()));
    const FrameScanner before = from_client_;
    const std::size_t passed = bytes.size() - rest.size();
    const auto head = from_client_.next(rest);
    if (!head) return {.passed = bytes.size(), .verdict = Verdict::kPass};
    const Verdict verdict = judge(*head, now);
    if (verdict == Verdict::kPass) continue;
    if (verdict == Verdict::kEnd) return {.passed = 0, .verdict = verdict};
    from_client_ = before;  // What is there of this head comes again.
    return {.passed = passed, .verdict = verdict};
  }
}

FrameWatch::Verdict FrameWatch::from_library(std::span<const std::byte> bytes, Time now) {
  library_has_spoken_ = library_has_spoken_ || !bytes.empty();
  while (const auto head = to_client_.next(bytes)) {
    switch (head->kind) {
      case FrameKind::kData:
        pings_.give_back(1);
        [[fallthrough]];
      case FrameKind::kHeaders:
        if (head->has(kEndStream)) close(head->stream);
        break;
      case FrameKind::kResetStream:
        if (close(head->stream) && !resets_.spend(now)) {
          return break_rule("it has too many streams reset");
        }
        break;
      default:
        break;
    }
  }
  return Verdict::kPass;
}

void FrameWatch::seen(std::size_t calls) noexcept {
  for (StreamQuota* const quota : {&own_, client_.get(), all_.get()}) quota->seen(calls);
}

FrameWatch::Verdict FrameWatch::judge(const FrameHead& head, Time now) {
  const bool is_small = head.length < kSmallFrame;
  if (is_small && !small_.spend(now)) return Verdict::kPause;
  const Verdict verdict = judge_kind(head, now);
  if (is_small && verdict == Verdict::kPause) small_.give_back(1);
  return verdict;
}

FrameWatch::Verdict FrameWatch::judge_kind(const FrameHead& head, Time now) {
  constexpr std::string_view kIdle = "it sends frames that say nothing";
  if (block_stream_ != 0 || head.kind == FrameKind::kContinuation) return judge_continuation(head);
  switch (head.kind) {
    case FrameKind::kHeaders:
      return judge_headers(head, now);
    case FrameKind::kData:
      if (head.length > 0 || head.has(kEndStream)) return Verdict::kPass;
      return bear(idle_, now, kIdle);
    case FrameKind::kResetStream:
      return judge_reset(head.stream, now);
    case FrameKind::kSettings:
      if (head.has(kAck)) return bear(idle_, now, kIdle);
      return bear(settings_, now, "it sends settings without an end");
    case FrameKind::kPing:
      if (head.has(kAck)) return bear(idle_, now, kIdle);
      return bear(pings_, now, "it sends pings without an end");
    case FrameKind::kWindowUpdate:
      return Verdict::kPass;
    default:
      return bear(idle_, now, kIdle);
  }
}

FrameWatch::Verdict FrameWatch::judge_headers(const FrameHead& head, Time now) {
  if (head.stream % 2 == 0) return break_rule("it opens a stream that is not a client's");
  if (head.length > bounds_.header_block) return break_rule("its headers are too large");
  const Verdict verdict = head.stream > last_stream_
                              ? open(head.stream, now)
                              : bear(idle_, now, "it sends headers again and again");
  if (verdict != Verdict::kPass) return verdict;
  if (!head.has(kEndHeaders)) {
    block_stream_ = head.stream;
    block_size_ = head.length;
    block_frames_ = 1;
  }
  return verdict;
}

FrameWatch::Verdict FrameWatch::judge_continuation(const FrameHead& head) {
  if (head.kind != FrameKind::kContinuation || block_stream_ == 0 || head.stream != block_stream_) {
    return break_rule("its header block is interrupted");
  }
  block_size_ += head.length;
  ++block_frames_;
  if (block_size_ > bounds_.header_block || block_frames_ > bounds_.header_frames) {
    return break_rule("its headers do not end");
  }
  if (head.has(kEndHeaders)) block_stream_ = 0;
  return Verdict::kPass;
}

FrameWatch::Verdict FrameWatch::open(std::uint32_t stream, Time now) {
  const std::array quotas{&own_, client_.get(), all_.get()};
  if (std::ranges::any_of(quotas, &StreamQuota::is_full)) {
    return break_rule("it has too many streams");
  }
  if (!trust(now)) return Verdict::kPause;
  for (StreamQuota* const quota : quotas) quota->opened();
  open_.push_back(stream);
  last_stream_ = stream;
  return Verdict::kPass;
}

FrameWatch::Verdict FrameWatch::judge_reset(std::uint32_t stream, Time now) {
  constexpr std::string_view kTooMany = "it resets too many streams";
  return bear(close(stream) ? resets_ : idle_, now, kTooMany);
}

FrameWatch::Verdict FrameWatch::bear(Patience& patience, Time now, std::string_view otherwise) {
  return patience.spend(now) ? Verdict::kPass : break_rule(otherwise);
}

FrameWatch::Verdict FrameWatch::break_rule(std::string_view which) {
  complaint_ = which;
  return Verdict::kEnd;
}

// All of them or none.
bool FrameWatch::trust(Time now) {
  if (!own_.trust(now)) return false;
  if (client_->trust(now)) {
    if (all_->trust(now)) return true;
    client_->seen(1);
  }
  own_.seen(1);
  return false;
}

bool FrameWatch::close(std::uint32_t stream) {
  const auto found = std::ranges::lower_bound(open_, stream);
  if (found == open_.end() || *found != stream) return false;
  open_.erase(found);
  for (StreamQuota* const quota : {&own_, client_.get(), all_.get()}) quota->closed(1);
  return true;
}

}  // namespace warren::gateway
