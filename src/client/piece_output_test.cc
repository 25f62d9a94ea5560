// SPDX-License-Identifier: Apache-2.0

#include "client/piece_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "client/log_printer.h"

namespace warren::client {
namespace {

using Wire = v1::Remote::Piece;

v1::Remote answer_of(Wire::Channel channel, std::string bytes, std::int64_t at = 0) {
  v1::Remote answer;
  Wire& piece = *answer.add_pieces();
  piece.set_channel(channel);
  piece.set_data(std::move(bytes));
  piece.set_at(at);
  return answer;
}

// Both streams are shown in one pipe, so that their order can be seen.
class PieceOutputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    ASSERT_EQ(::fcntl(reader_.get(), F_SETFL, O_NONBLOCK), 0);
    open({});
  }

  void open(const LogOptions& options) {
    auto output = std::make_unique<PieceOutput>();
    output_ = output.get();
    printer_ =
        std::make_unique<LogPrinter>(std::move(output), options, writer_.get(), writer_.get());
  }

  std::string pump() {
    const auto progress = printer_->pump();
    EXPECT_TRUE(progress) << progress.error().message;
    is_blocked_ = *progress == LogPrinter::Progress::kBlocked;
    std::string text(1 << 20, '\0');
    const ssize_t count = ::read(reader_.get(), text.data(), text.size());
    return count > 0 ? text.substr(0, static_cast<std::size_t>(count)) : "";
  }

  os::UniqueFd reader_;
  os::UniqueFd writer_;
  PieceOutput* output_ = nullptr;
  std::unique_ptr<LogPrinter> printer_;
  bool is_blocked_ = false;
};

TEST_F(PieceOutputTest, IsShownInTheOrderInWhichItCame) {
  EXPECT_EQ(pump(), "");
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "one "));
  output_->add(answer_of(Wire::CHANNEL_STDERR, "two "));
  EXPECT_EQ(pump(), "one two ");
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "three"));
  EXPECT_EQ(pump(), "three");
  EXPECT_EQ(pump(), "");
}

TEST_F(PieceOutputTest, LeavesOutWhatIsNoOutput) {
  output_->add(answer_of(Wire::CHANNEL_INPUT, "typed"));
  output_->add(answer_of(Wire::CHANNEL_STDOUT, ""));
  EXPECT_EQ(pump(), "");
  EXPECT_EQ(output_->rest_of({}).offset(), 0U);
}

TEST_F(PieceOutputTest, WaitsWhereNobodyReadsAndLosesNothing) {
  std::string all;
  for (int i = 0; i < 5; ++i) {
    const std::string part(100'000, static_cast<char>('a' + i));
    output_->add(answer_of(i % 2 == 0 ? Wire::CHANNEL_STDOUT : Wire::CHANNEL_STDERR, part));
    all += part;
  }
  EXPECT_EQ(output_->rest_of({}).offset(), all.size())
      << "that it came counts, not that it was shown";
  std::string shown = pump();
  EXPECT_TRUE(is_blocked_);
  while (is_blocked_) shown += pump();
  EXPECT_TRUE(shown == all);
}

TEST_F(PieceOutputTest, IsStampedWithTheTimeOfEachPiece) {
  open({.timestamps = true});
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "one\ntw", 1'000'000));
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "o\nthree\n", 2'000'000));
  EXPECT_EQ(pump(),
            "1970-01-01T00:00:01Z one\n1970-01-01T00:00:01Z two\n1970-01-01T00:00:02Z three\n");
}

TEST(ReplayOf, AsksForWhatTheOptionsSay) {
  const auto replay = replay_of({.out = true,
                                 .err = false,
                                 .offset = 7,
                                 .tail = 3,
                                 .since = Timestamp(std::chrono::microseconds(9)),
                                 .timestamps = true});
  EXPECT_TRUE(replay.out());
  EXPECT_FALSE(replay.err());
  EXPECT_EQ(replay.offset(), 7U);
  EXPECT_EQ(replay.tail(), 3U);
  EXPECT_EQ(replay.since(), 9);
  EXPECT_TRUE(replay.times());
}

TEST_F(PieceOutputTest, GoesOnBehindWhatHasCome) {
  EXPECT_EQ(output_->rest_of({.offset = 7}).offset(), 7U);
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "12345", 0));
  EXPECT_EQ(output_->rest_of({.offset = 7}).offset(), 12U);
  EXPECT_FALSE(output_->rest_of({}).has_tail());
}

TEST_F(PieceOutputTest, GoesOnWithoutTheTailWhereThatBegan) {
  v1::Remote answer = answer_of(Wire::CHANNEL_STDOUT, "12345", 0);
  answer.mutable_replay()->set_offset(100);
  output_->add(std::move(answer));
  output_->add(answer_of(Wire::CHANNEL_STDOUT, "678", 0));
  const auto rest = output_->rest_of({.tail = 3});
  EXPECT_FALSE(rest.has_tail());
  EXPECT_EQ(rest.offset(), 108U);
}

}  // namespace
}  // namespace warren::client
