// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/frame_watch.h"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace warren::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = FrameWatch::Verdict;

std::string frame(FrameKind kind, std::uint8_t flags, std::uint32_t stream,
                  const std::string& payload = "") {
  std::string bytes;
  const auto put = [&bytes](std::size_t number, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      bytes += static_cast<char>(number >> shift & 0xff);
    }
  };
  put(payload.size(), 3);
  put(static_cast<std::uint8_t>(kind), 1);
  put(flags, 1);
  put(stream, 4);
  return bytes + payload;
}

std::string call(std::uint32_t stream) {
  return frame(FrameKind::kHeaders, kEndHeaders, stream, "\x82");
}

std::string reset(std::uint32_t stream) {
  return frame(FrameKind::kResetStream, 0, stream, std::string(4, '\0'));
}

std::string answer(std::uint32_t stream) {
  return frame(FrameKind::kHeaders, kEndHeaders | kEndStream, stream, "\x88");
}

class FrameWatchTest : public ::testing::Test {
 protected:
  FrameWatchTest() { begin(); }

  // A watch over a new connection of the same client.
  void begin(const FrameWatch::Bounds& bounds = {}) { watch_.emplace(bounds, client_, all_, now_); }

  // What becomes of bytes that come in pieces of so many, and how many of them may pass before
  // something else than passing is said.
  FrameWatch::Look send_in_pieces(const std::string& bytes, std::size_t size) {
    std::size_t passed = 0;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      const std::string piece = bytes.substr(at, size);
      const auto look = watch_->from_client(std::as_bytes(std::span(piece)), now_);
      passed += look.passed;
      if (look.verdict != Verdict::kPass) return {.passed = passed, .verdict = look.verdict};
    }
    return {.passed = passed, .verdict = Verdict::kPass};
  }
  FrameWatch::Look send(const std::string& bytes) { return send_in_pieces(bytes, bytes.size()); }
  Verdict receive(const std::string& bytes) {
    return watch_->from_library(std::as_bytes(std::span(bytes)), now_);
  }

  // How many of these frames pass until one does not, and what becomes of that one.
  template <typename Make>
  std::pair<std::size_t, Verdict> flood(Make make, std::size_t most = 100'000) {
    for (std::size_t i = 0; i < most; ++i) {
      const auto verdict = send(make(i)).verdict;
      if (verdict != Verdict::kPass) return {i, verdict};
    }
    return {most, Verdict::kPass};
  }
  void expect_end(const std::string& bytes, std::string_view complaint) {
    EXPECT_EQ(send(bytes).verdict, Verdict::kEnd);
    EXPECT_EQ(watch_->complaint(), complaint);
    begin();
  }

  FrameWatch::Time now_{seconds(1000)};
  std::shared_ptr<StreamQuota> client_ = std::make_shared<StreamQuota>(
      StreamQuota::Bounds{.streams = 400, .unseen = {.at_once = 300, .per_second = 10}}, now_);
  std::shared_ptr<StreamQuota> all_ = std::make_shared<StreamQuota>(
      StreamQuota::Bounds{.streams = 1000, .unseen = {.at_once = 1000, .per_second = 10}}, now_);
  std::optional<FrameWatch> watch_;
};

std::uint32_t nth_stream(std::size_t i) {
  return static_cast<std::uint32_t>(2 * i + 1);
}

TEST_F(FrameWatchTest, PassesWhatAClientDoes) {
  EXPECT_EQ(send(frame(FrameKind::kSettings, 0, 0, std::string(12, '\0')) + call(1) +
                 frame(FrameKind::kData, kEndStream, 1, std::string(40'000, 'x')))
                .verdict,
            Verdict::kPass);
  EXPECT_EQ(watch_->open_streams(), 1U);
  EXPECT_EQ(watch_->last_stream(), 1U);
  EXPECT_EQ(receive(frame(FrameKind::kData, 0, 1, "answer") + answer(1)), Verdict::kPass);
  EXPECT_EQ(watch_->open_streams(), 0U);
}

// Byte by byte, or at once: the same passes, and the same ends or waits.
TEST_F(FrameWatchTest, SaysTheSameWhateverPiecesItComesIn) {
  std::string fine = frame(FrameKind::kSettings, 0, 0, std::string(6, 'x'));
  for (std::size_t i = 0; i < 100; ++i) {
    fine += call(nth_stream(i)) + frame(FrameKind::kData, 0, nth_stream(i), std::string(i, 'x'));
  }
  std::string ahead = fine;
  for (std::size_t i = 100; i < 300; ++i) ahead += call(nth_stream(i));
  std::string broken = fine;
  for (std::size_t i = 0; i < 1000; ++i) broken += frame(FrameKind::kPing, 0, 0, "12345678");
  FrameWatch::Bounds bounds;
  bounds.streams = {.streams = 1000, .unseen = {.at_once = 150, .per_second = 1}};
  const auto begin_anew = [&] {
    begin(bounds);
    client_->seen(1000);
    all_->seen(1000);
  };
  for (const std::size_t size : {1U, 2U, 3U, 7U, 9U, 10U, 64U, 1000U, 100'000U}) {
    begin_anew();
    const auto look = send_in_pieces(fine, size);
    EXPECT_EQ(look.verdict, Verdict::kPass) << size;
    EXPECT_EQ(look.passed, fine.size()) << size;
    begin_anew();
    EXPECT_EQ(send_in_pieces(ahead, size).verdict, Verdict::kPause) << size;
    EXPECT_EQ(watch_->open_streams(), 150U) << size;
    begin_anew();
    EXPECT_EQ(send_in_pieces(broken, size).verdict, Verdict::kEnd) << size;
    EXPECT_EQ(watch_->complaint(), "it sends pings without an end") << size;
  }
}

// Whoever waits goes on with the first byte that has not passed.
TEST_F(FrameWatchTest, TakesTheRestLater) {
  FrameWatch::Bounds bounds;
  bounds.streams.unseen = {.at_once = 1, .per_second = 1};
  const std::string bytes = call(1) + frame(FrameKind::kData, 0, 1, "abc") + call(3) + call(5);
  const std::size_t first = call(1).size() + kFrameHeadSize + 3;
  for (const std::size_t size : {1U, 4U, 13U, 1000U}) {
    begin(bounds);
    std::string rest = bytes;
    std::size_t looks = 0;
    while (!rest.empty() && looks < 1000) {
      const auto [passed, verdict] = send(rest.substr(0, size));
      ASSERT_NE(verdict, Verdict::kEnd);
      rest.erase(0, passed);
      if (verdict == Verdict::kPause) {
        EXPECT_LE(bytes.size() - rest.size(), first + call(3).size() + kFrameHeadSize);
        watch_->seen(1);
      }
      ++looks;
    }
    EXPECT_TRUE(rest.empty()) << size;
    EXPECT_EQ(watch_->open_streams(), 3U);
    EXPECT_EQ(watch_->last_stream(), 5U);
  }
}

TEST_F(FrameWatchTest, EndsHeadersThatDoNotEnd) {
  const std::string begun = frame(FrameKind::kHeaders, 0, 1, "\x82");
  const auto more = [](std::size_t size) {
    return frame(FrameKind::kContinuation, 0, 1, std::string(size, 'x'));
  };
  EXPECT_EQ(send(begun + more(16'000) + more(16'000) + more(16'000)).verdict, Verdict::kPass);
  begin();
  expect_end(begun + more(30'000) + more(30'000) + more(30'000), "its headers do not end");
  std::string many = begun;
  for (int i = 0; i < 5; ++i) many += more(0);
  expect_end(many, "its headers do not end");
  expect_end(frame(FrameKind::kHeaders, kEndHeaders, 1, std::string(70'000, 'x')),
             "its headers are too large");
}

TEST_F(FrameWatchTest, AllowsNothingWithinAHeaderBlock) {
  const std::string begun = frame(FrameKind::kHeaders, 0, 1, "\x82");
  constexpr std::string_view kComplaint = "its header block is interrupted";
  expect_end(begun + frame(FrameKind::kPing, 0, 0, "12345678"), kComplaint);
  expect_end(begun + frame(FrameKind::kContinuation, kEndHeaders, 3, "x"), kComplaint);
  expect_end(frame(FrameKind::kContinuation, kEndHeaders, 1, "x"), kComplaint);
  expect_end(call(1) + frame(FrameKind::kContinuation, kEndHeaders, 1, "x"), kComplaint);
  EXPECT_EQ(send(begun + frame(FrameKind::kContinuation, kEndHeaders, 1, "x") + call(3)).verdict,
            Verdict::kPass);
}

TEST_F(FrameWatchTest, EndsCallsThatAreResetAtOnce) {
  const auto [count, verdict] = flood([&](std::size_t i) {
    watch_->seen(1);
    return call(nth_stream(i)) + reset(nth_stream(i));
  });
  EXPECT_EQ(count, 256U);
  EXPECT_EQ(verdict, Verdict::kEnd);
  EXPECT_EQ(watch_->complaint(), "it resets too many streams");
}

TEST_F(FrameWatchTest, BearsResetsNowAndThen) {
  const auto [count, verdict] = flood(
      [&](std::size_t i) {
        now_ += milliseconds(10);
        watch_->seen(1);
        return call(nth_stream(i)) + reset(nth_stream(i));
      },
      10'000);
  EXPECT_EQ(count, 10'000U);
  EXPECT_EQ(verdict, Verdict::kPass);
}

TEST_F(FrameWatchTest, EndsWhoHasStreamsResetByTheLibrary) {
  Verdict verdict = Verdict::kPass;
  std::size_t count = 0;
  for (; verdict == Verdict::kPass && count < 1000; ++count) {
    watch_->seen(1);
    EXPECT_EQ(send(call(nth_stream(count))).verdict, Verdict::kPass);
    verdict = receive(reset(nth_stream(count)));
  }
  EXPECT_EQ(count, 257U);
  EXPECT_EQ(watch_->complaint(), "it has too many streams reset");
}

// The library resets what it has answered before the client was done.
TEST_F(FrameWatchTest, DoesNotCountResetsOfWhatWasAnswered) {
  for (std::size_t i = 0; i < 1000; ++i) {
    watch_->seen(1);
    ASSERT_EQ(send(call(nth_stream(i))).verdict, Verdict::kPass);
    ASSERT_EQ(receive(answer(nth_stream(i)) + reset(nth_stream(i))), Verdict::kPass);
  }
}

TEST_F(FrameWatchTest, LetsCallsWaitUntilOthersWereSeen) {
  const auto answered = [&](std::size_t i) {
    EXPECT_EQ(receive(answer(nth_stream(i))), Verdict::kPass);
    return call(nth_stream(i + 1));
  };
  ASSERT_EQ(send(call(1)).verdict, Verdict::kPass);
  EXPECT_EQ(flood(answered), std::pair(std::size_t{255}, Verdict::kPause));
  watch_->seen(10);
  for (std::size_t i = 255; i < 265; ++i) {
    EXPECT_EQ(send(call(nth_stream(i + 1))).verdict, Verdict::kPass);
  }
  EXPECT_EQ(send(call(nth_stream(300))).verdict, Verdict::kPause);
  now_ += seconds(1);  // The library has refused some by itself.
  EXPECT_EQ(send(call(nth_stream(300))).verdict, Verdict::kPass);
}

TEST_F(FrameWatchTest, CountsWhatAClientHasOnSeveralConnections) {
  const auto calls = [](std::size_t i) { return call(nth_stream(i)); };
  EXPECT_EQ(flood(calls, 200).second, Verdict::kPass);
  client_->seen(200);
  FrameWatch other({}, client_, all_, now_);
  Verdict verdict = Verdict::kPass;
  std::size_t count = 0;
  for (; verdict == Verdict::kPass; ++count) {
    const std::string bytes = call(nth_stream(count));
    verdict = other.from_client(std::as_bytes(std::span(bytes)), now_).verdict;
  }
  EXPECT_EQ(count, 201U);
  EXPECT_EQ(other.complaint(), "it has too many streams");
}

TEST_F(FrameWatchTest, GivesBackTheStreamsOfAConnectionThatEnds) {
  for (int i = 0; i < 10; ++i) {
    client_->seen(1000);
    all_->seen(1000);
    begin();
    EXPECT_EQ(flood([](std::size_t n) { return call(nth_stream(n)); }, 200).second, Verdict::kPass);
  }
}

TEST_F(FrameWatchTest, EndsStreamsBeyondAnyThatTheLibraryLetsBe) {
  const auto [count, verdict] = flood([&](std::size_t i) {
    watch_->seen(1);
    return call(nth_stream(i));
  });
  EXPECT_EQ(count, 256U);
  EXPECT_EQ(verdict, Verdict::kEnd);
}

TEST_F(FrameWatchTest, EndsFramesThatDemandAnAnswer) {
  EXPECT_EQ(flood([](std::size_t) { return frame(FrameKind::kSettings, 0, 0); }),
            std::pair(std::size_t{64}, Verdict::kEnd));
  begin();
  EXPECT_EQ(flood([](std::size_t) { return frame(FrameKind::kPing, 0, 0, "12345678"); }),
            std::pair(std::size_t{64}, Verdict::kEnd));
}

TEST_F(FrameWatchTest, BearsAPingForEachPieceOfData) {
  const auto measured = [&](std::size_t) {
    EXPECT_EQ(receive(frame(FrameKind::kData, 0, 1, "x")), Verdict::kPass);
    return frame(FrameKind::kPing, 0, 0, "12345678");
  };
  EXPECT_EQ(flood(measured, 5000).second, Verdict::kPass);
}

TEST_F(FrameWatchTest, EndsFramesThatSayNothing) {
  const std::vector<std::string> idle{
      frame(FrameKind::kData, 0, 1),
      frame(FrameKind::kPriority, 0, 1, std::string(5, 'x')),
      frame(FrameKind::kPing, kAck, 0, "12345678"),
      frame(FrameKind::kSettings, kAck, 0),
      frame(FrameKind{0xbe}, 0, 0, "x"),
      frame(FrameKind::kGoAway, 0, 0, std::string(8, '\0')),
      frame(FrameKind::kPushPromise, 0, 1, std::string(8, '\0')),
      reset(7),
  };
  for (const std::string& bytes : idle) {
    begin();
    EXPECT_EQ(flood([&](std::size_t) { return bytes; }),
              std::pair(std::size_t{256}, Verdict::kEnd));
  }
  begin();
  ASSERT_EQ(send(call(1)).verdict, Verdict::kPass);
  EXPECT_EQ(flood([](std::size_t) { return call(1); }), std::pair(std::size_t{256}, Verdict::kEnd));
}

TEST_F(FrameWatchTest, LetsManySmallFramesComeLater) {
  const std::string small = frame(FrameKind::kWindowUpdate, 0, 0, std::string(4, '\x01'));
  const auto [count, verdict] = flood([&](std::size_t) { return std::string(small); });
  EXPECT_EQ(count, 8192U);
  EXPECT_EQ(verdict, Verdict::kPause);
  now_ += milliseconds(1);
  EXPECT_EQ(flood([&](std::size_t) { return std::string(small); }),
            std::pair(std::size_t{20}, Verdict::kPause));
}

TEST_F(FrameWatchTest, LetsLargeFramesComeAsFastAsTheyCan) {
  const std::string large = frame(FrameKind::kData, 0, 1, std::string(16'384, 'x'));
  EXPECT_EQ(flood([&](std::size_t) { return std::string(large); }, 20'000).second, Verdict::kPass);
}

TEST_F(FrameWatchTest, EndsStreamsThatAreNoClients) {
  expect_end(call(2), "it opens a stream that is not a client's");
  expect_end(call(0), "it opens a stream that is not a client's");
}

TEST_F(FrameWatchTest, SaysGoodbyeBetweenFramesAlone) {
  EXPECT_FALSE(watch_->may_say_goodbye());
  const std::string bytes = frame(FrameKind::kSettings, 0, 0, std::string(6, 'x'));
  EXPECT_EQ(receive(bytes), Verdict::kPass);
  EXPECT_TRUE(watch_->may_say_goodbye());
  EXPECT_EQ(receive(bytes.substr(0, 12)), Verdict::kPass);
  EXPECT_FALSE(watch_->may_say_goodbye());
  EXPECT_EQ(receive(bytes.substr(12)), Verdict::kPass);
  EXPECT_TRUE(watch_->may_say_goodbye());
}

}  // namespace
}  // namespace warren::gateway
