// SPDX-License-Identifier: Apache-2.0
//
// What a client may do with HTTP/2's frames, decided before the library sees them: this version of
// it opens calls, keeps headers and answers for as long as there is something to read
// (CVE-2023-44487, CVE-2023-33953). One for each connection, behind the client's preface. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/edge/frame_scanner.h"
#include "gateway/edge/stream_quota.h"
#include "gateway/patience.h"

namespace warren::gateway {

class FrameWatch {
 public:
  using Time = Patience::Time;

  struct Bounds {
    // Twice what the library lets a connection have at a time, which then ends it.
    StreamQuota::Bounds streams{.streams = 256, .unseen = {.at_once = 256, .per_second = 100}};
    // As it comes, compressed. The library's own bound, 16 KiB, is of what each frame becomes:
    // whoever exceeds that and not these is answered.
    std::size_t header_block = 64 * 1024;
    std::size_t header_frames = 5;
    // Streams that come to nothing: reset by the client, or by the library for what the client did.
    Patience::Measure resets{.at_once = 256, .per_second = 100};
    // Each is answered. A client measures the way with a PING while data comes: each DATA frame
    // that goes to it allows another.
    Patience::Measure settings{.at_once = 64, .per_second = 4};
    Patience::Measure pings{.at_once = 64, .per_second = 10};
    // What neither begins nor carries nor ends anything.
    Patience::Measure idle{.at_once = 256, .per_second = 100};
    // Frames of less than 1 KiB, whatever they are. More are no offence, and come later.
    Patience::Measure small{.at_once = 8192, .per_second = 20'000};
  };

  enum class Verdict : std::uint8_t {
    kPass,
    kPause,  // The rest is to be asked for again, later or once calls were seen.
    kEnd,    // A rule is broken: complaint().
  };
  struct Look {
    std::size_t passed;  // So many bytes may go on to the library; where it is kEnd, none.
    Verdict verdict;
  };

  // `client` has the streams of all connections of whoever has this one, `all` those of everybody.
  FrameWatch(const Bounds& bounds, std::shared_ptr<StreamQuota> client,
             std::shared_ptr<StreamQuota> all, Time now);
  FrameWatch(const FrameWatch&) = delete;
  FrameWatch& operator=(const FrameWatch&) = delete;
  ~FrameWatch();

  [[nodiscard]] Look from_client(std::span<const std::byte> bytes, Time now);
  // All of these go on to the client, unless it is kEnd.
  [[nodiscard]] Verdict from_library(std::span<const std::byte> bytes, Time now);

  // Whoever answers calls has seen so many of this connection.
  void seen(std::size_t calls) noexcept;

  // The last stream that the client has opened; 0: none.
  [[nodiscard]] std::uint32_t last_stream() const noexcept { return last_stream_; }
  [[nodiscard]] std::size_t open_streams() const noexcept { return open_.size(); }
  // Whether what went to the client ends with a whole frame, and there was one.
  [[nodiscard]] bool may_say_goodbye() const noexcept {
    return library_has_spoken_ && to_client_.is_between_frames();
  }
  [[nodiscard]] std::string_view complaint() const noexcept { return complaint_; }

 private:
  [[nodiscard]] Verdict judge(const FrameHead& head, Time now);
  [[nodiscard]] Verdict judge_kind(const FrameHead& head, Time now);
  [[nodiscard]] Verdict judge_headers(const FrameHead& head, Time now);
  [[nodiscard]] Verdict judge_continuation(const FrameHead& head);
  [[nodiscard]] Verdict open(std::uint32_t stream, Time now);
  [[nodiscard]] Verdict judge_reset(std::uint32_t stream, Time now);
  [[nodiscard]] Verdict bear(Patience& patience, Time now, std::string_view otherwise);
  [[nodiscard]] Verdict break_rule(std::string_view which);
  [[nodiscard]] bool trust(Time now);
  bool close(std::uint32_t stream);

  Bounds bounds_;
  FrameScanner from_client_;
  FrameScanner to_client_;
  StreamQuota own_;
  std::shared_ptr<StreamQuota> client_;
  std::shared_ptr<StreamQuota> all_;
  std::vector<std::uint32_t> open_;  // Ascending, as clients open them.
  std::uint32_t last_stream_ = 0;
  std::uint32_t block_stream_ = 0;  // Whose header block has not ended; 0: none.
  std::size_t block_size_ = 0;
  std::size_t block_frames_ = 0;
  Patience resets_;
  Patience settings_;
  Patience pings_;
  Patience idle_;
  Patience small_;
  bool library_has_spoken_ = false;
  std::string_view complaint_;
};

}  // namespace warren::gateway
