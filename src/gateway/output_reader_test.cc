// SPDX-License-Identifier: Apache-2.0

#include "gateway/output_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/co_try.h"
#include "gateway/loop_fixture.h"
#include "tests/support/fake_engine.h"
#include "tests/support/log_files.h"
#include "tests/support/result_matchers.h"
#include "warren/v1/engine.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMost = 1024;

output::LogFiles files_of(const test::LogOnDisk& log) {
  return {.out = log.out(), .err = log.err(), .index = log.index(), .event = log.event()};
}

class OutputReaderTest : public ::testing::Test, protected LoopFixture {
 protected:
  void open(const output::LogOptions& options = {}) {
    reader_ = *OutputReader::open(files_of(log_), options);
  }
  // "" at the end.
  std::string next(std::size_t most = kMost) {
    auto piece = run(reader_->next(most));
    EXPECT_TRUE(piece);
    return *piece ? (*piece)->bytes : "";
  }
  std::string rest() {
    std::string all;
    for (;;) {
      const std::string piece = next();
      if (piece.empty()) return all;
      all += piece;
    }
  }

  test::LogOnDisk log_;
  std::unique_ptr<OutputReader> reader_;
};

TEST_F(OutputReaderTest, GivesBothStreamsInTheOrderOfTheIndex) {
  log_.write(LogStream::kStdout, "one", 7);
  log_.write(LogStream::kStderr, "two", 8);
  open();
  const auto first = *run(reader_->next(kMost));
  EXPECT_EQ(first->stream, LogStream::kStdout);
  EXPECT_EQ(first->bytes, "one");
  EXPECT_EQ(first->time, Timestamp(std::chrono::microseconds(7)));
  const auto second = *run(reader_->next(kMost));
  EXPECT_EQ(second->stream, LogStream::kStderr);
  EXPECT_EQ(second->bytes, "two");
}

TEST_F(OutputReaderTest, GivesNoMoreThanWasAskedFor) {
  log_.write(LogStream::kStdout, "abcdefgh");
  open();
  EXPECT_EQ(next(3), "abc");
  EXPECT_EQ(next(100), "defgh");
}

TEST_F(OutputReaderTest, GivesSmallPiecesTogether) {
  for (int i = 0; i < 3; ++i) {
    log_.write(LogStream::kStdout, "1234");
    log_.write(LogStream::kStderr, "5678");
  }
  open();
  EXPECT_EQ(next(10), "1234");
  EXPECT_EQ(reader_->next_ready()->bytes, "5678");
  EXPECT_EQ(reader_->next_ready()->bytes, "12") << "10 bytes in all";
  EXPECT_EQ(reader_->next_ready(), std::nullopt);
  EXPECT_EQ(next(10), "34");
}

TEST_F(OutputReaderTest, WaitsForGrowth) {
  open();
  for (const char* text : {"first", "second", "third"}) {
    auto waiting = start(reader_->next(kMost));
    run_what_is_ready();
    log_.write(LogStream::kStdout, text);
    EXPECT_EQ((*finish(std::move(waiting)))->bytes, text);
  }
}

TEST_F(OutputReaderTest, EndsOnceItIsToldThatNothingMoreComes) {
  log_.write(LogStream::kStdout, "all");
  open();
  EXPECT_EQ(next(), "all");
  auto waiting = start(reader_->next(kMost));
  run_what_is_ready();
  reader_->finish();
  EXPECT_EQ(*finish(std::move(waiting)), std::nullopt);
  EXPECT_EQ(next(), "") << "and says it again";
}

TEST_F(OutputReaderTest, GivesWhatATornIndexDoesNotCoverOnceAllIsWritten) {
  log_.write(LogStream::kStdout, "covered ");
  log_.write_without_record(LogStream::kStdout, "uncovered");
  log_.tear_index();
  open();
  EXPECT_EQ(next(), "covered ");
  reader_->finish();
  EXPECT_EQ(rest(), "uncovered");
}

TEST_F(OutputReaderTest, LeavesOffWithWhatTheIndexCovers) {
  log_.write(LogStream::kStdout, "covered");
  log_.write_without_record(LogStream::kStdout, "not yet");
  open();
  reader_->leave_off();
  EXPECT_EQ(rest(), "covered");
}

TEST_F(OutputReaderTest, GivesOneStreamFromAnOffset) {
  log_.write(LogStream::kStdout, "hidden");
  log_.write(LogStream::kStderr, "12345");
  open({.out = false, .offset = 2});
  reader_->finish();
  EXPECT_EQ(rest(), "345");
}

TEST_F(OutputReaderTest, GivesTheLastLines) {
  log_.write(LogStream::kStdout, "a\nb\nc\n");
  open({.tail = 2});
  reader_->finish();
  EXPECT_EQ(rest(), "b\nc\n");
  EXPECT_EQ(reader_->offset_of_start(), 2U);
}

TEST_F(OutputReaderTest, KnowsWhereTheLastLinesOfAStreamBeginInIt) {
  log_.write(LogStream::kStdout, "1\n2\n");
  log_.write(LogStream::kStderr, "hidden\n");
  log_.write(LogStream::kStdout, "3\n4\n");
  open({.err = false, .tail = 1});
  reader_->finish();
  EXPECT_EQ(rest(), "4\n");
  EXPECT_EQ(reader_->offset_of_start(), 6U);
}

TEST_F(OutputReaderTest, GivesAllOfWhatIsWrittenMeanwhile) {
  std::string written;
  for (int i = 0; i < 2000; ++i) written += std::to_string(i) + '\n';
  open();
  const std::jthread writer([&] {
    for (int i = 0; i < 2000; ++i) log_.write(LogStream::kStdout, std::to_string(i) + '\n');
  });
  std::string read;
  while (read.size() < written.size()) read += next();
  EXPECT_EQ(read, written);
}

TEST_F(OutputReaderTest, MayBeDestroyedWhileSomebodyWaits) {
  open();
  auto waiting = start(reader_->next(kMost));
  run_what_is_ready();
  reader_.reset();
  EXPECT_EQ(*finish(std::move(waiting)), std::nullopt);
}

TEST_F(OutputReaderTest, RefusesALogThatIsNotWhole) {
  EXPECT_THAT(OutputReader::open({.out = log_.out(), .err = {}, .index = log_.index()}, {}),
              test::HoldsError(Errc::kInternal, HasSubstr("no log")));
}

// An engine with one log, whose end the test plays.
class LogSourceTest : public ::testing::Test, protected LoopFixture {
 protected:
  void SetUp() override {
    engine_.handle(wire::kLog, [this](auto call) { return serve(std::move(call)); });
    engine_.start();
    channel_ = *run(wire::AsyncChannel::connect(engine_.path()));
  }

  loop::Task<Result<>> serve(std::shared_ptr<wire::Call> call) {
    v1::LogRequest request;
    std::ignore = request.ParseFromString(std::string(call->request()));
    if (request.node() != "1") co_return fail(Errc::kNotFound, "no job {}", request.node());
    v1::LogEvent event;
    event.set_opened(true);
    std::vector<wire::Handed> handed;
    output::LogFiles files = files_of(log_);
    handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = std::move(files.out)});
    handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = std::move(files.err)});
    handed.push_back({.kind = v1::HANDED_INDEX, .descriptor = std::move(files.index)});
    handed.push_back({.kind = v1::HANDED_EVENT, .descriptor = std::move(files.event)});
    WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(handed)));
    EXPECT_TRUE(request.follow());
    if (!has_ended_) {
      co_await call->wait_cancelled();
      co_return fail(Errc::kUnavailable, "the client has gone");
    }
    event.Clear();
    event.set_ended(true);
    co_return co_await call->send(event.SerializeAsString());
  }

  Result<std::string> read(const std::string& node) {
    WARREN_TRY(open(node));
    std::string all;
    for (;;) {
      const std::optional<OutputPiece> piece = WARREN_TRY(run(source_->next(kMost)));
      if (!piece) return all;
      all += piece->bytes;
    }
  }
  Result<> open(const std::string& node) {
    source_ = WARREN_TRY(run(LogSource::open(channel_, node, {})));
    return {};
  }

  test::LogOnDisk log_;
  std::atomic<bool> has_ended_ = true;
  test::FakeEngine engine_;
  std::shared_ptr<wire::AsyncChannel> channel_;
  std::unique_ptr<LogSource> source_;
};

TEST_F(LogSourceTest, GivesTheLogOfAJobThatHasEnded) {
  log_.write(LogStream::kStdout, "everything");
  log_.write_without_record(LogStream::kStdout, ", and more");
  EXPECT_EQ(read("1"), "everything, and more");
}

TEST_F(LogSourceTest, PassesOnWhyThereIsNoLog) {
  EXPECT_THAT(read("2"), test::HoldsError(Errc::kNotFound, "no job 2"));
}

TEST_F(LogSourceTest, GivesWhatIsOnDiskWhenTheEngineHasGoneAndThenSaysSo) {
  has_ended_ = false;
  log_.write(LogStream::kStdout, "kept");
  ASSERT_TRUE(open("1"));
  engine_.stop();
  const auto piece = run(source_->next(kMost));
  ASSERT_TRUE(piece && *piece);
  EXPECT_EQ((*piece)->bytes, "kept");
  EXPECT_THAT(run(source_->next(kMost)), test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
}

TEST_F(LogSourceTest, EndsItsCallWhenItGoes) {
  has_ended_ = false;
  ASSERT_TRUE(open("1"));
  ASSERT_EQ(channel_->open_calls(), 1U);
  source_.reset();
  run_until([&] { return channel_->open_calls() == 0; });
}

}  // namespace
}  // namespace warren::gateway
