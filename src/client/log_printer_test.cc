// SPDX-License-Identifier: Apache-2.0

#include "client/log_printer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "client/file_output.h"
#include "tests/support/log_files.h"

namespace warren::client {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

class LogPrinterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    ASSERT_EQ(::fcntl(reader_.get(), F_SETFL, O_NONBLOCK), 0);
  }

  // Both streams into one pipe, so that their order can be seen.
  void open(const LogOptions& options = {}) {
    LogFiles files{
        .out = log_.out(), .err = log_.err(), .index = log_.index(), .event = log_.event()};
    auto output = std::make_unique<FileOutput>(std::move(files), options);
    output_ = output.get();
    printer_ =
        std::make_unique<LogPrinter>(std::move(output), options, writer_.get(), writer_.get());
  }

  std::string pump() {
    const auto progress = printer_->pump();
    EXPECT_TRUE(progress) << progress.error().message;
    progress_ = *progress;
    return take();
  }
  std::string take() {
    std::string text(1 << 20, '\0');
    const ssize_t count = ::read(reader_.get(), text.data(), text.size());
    return count > 0 ? text.substr(0, static_cast<std::size_t>(count)) : "";
  }
  std::string replay(const LogOptions& options) {
    open(options);
    printer_->finish();
    return pump();
  }

  test::LogOnDisk log_;
  os::UniqueFd reader_;
  os::UniqueFd writer_;
  FileOutput* output_ = nullptr;
  std::unique_ptr<LogPrinter> printer_;
  LogPrinter::Progress progress_ = LogPrinter::Progress::kCaughtUp;
};

TEST_F(LogPrinterTest, ReplaysBothStreamsInTheOrderOfTheIndex) {
  log_.write(LogStream::kStdout, "one ");
  log_.write(LogStream::kStderr, "two ");
  log_.write(LogStream::kStdout, "three");
  EXPECT_EQ(replay({}), "one two three");
}

TEST_F(LogPrinterTest, ShowsOnlyTheStreamAskedFor) {
  log_.write(LogStream::kStdout, "out");
  log_.write(LogStream::kStderr, "err");
  EXPECT_EQ(replay({.out = false}), "err");
  EXPECT_EQ(replay({.err = false}), "out");
}

TEST_F(LogPrinterTest, ShowsWhatIsAddedLater) {
  log_.write(LogStream::kStdout, "a");
  open();
  EXPECT_EQ(pump(), "a");
  EXPECT_EQ(pump(), "");
  log_.write(LogStream::kStdout, "b");
  EXPECT_EQ(pump(), "b");
}

TEST_F(LogPrinterTest, WatchBecomesReadableWhenTheLogGrowsAndNotBefore) {
  open();
  ASSERT_TRUE(output_->watch());
  pump();
  pollfd waiting{.fd = printer_->watch_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  log_.write(LogStream::kStdout, "more");
  EXPECT_EQ(::poll(&waiting, 1, 20'000), 1);
  EXPECT_EQ(pump(), "more");
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
}

TEST_F(LogPrinterTest, SkipsTheOffset) {
  log_.write(LogStream::kStdout, "0123");
  log_.write(LogStream::kStdout, "456789");
  EXPECT_EQ(replay({.offset = 6}), "6789");
  EXPECT_EQ(replay({.offset = 60}), "");
}

TEST_F(LogPrinterTest, ShowsTheLastLines) {
  log_.write(LogStream::kStdout, "1\n2\n");
  log_.write(LogStream::kStderr, "3\n");
  log_.write(LogStream::kStdout, "4\n5\n");
  EXPECT_EQ(replay({.tail = 1}), "5\n");
  EXPECT_EQ(replay({.tail = 3}), "3\n4\n5\n");
  EXPECT_EQ(replay({.tail = 4}), "2\n3\n4\n5\n");
  EXPECT_EQ(replay({.tail = 100}), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(replay({.tail = 0}), "");
}

TEST_F(LogPrinterTest, CountsAnUnfinishedLastLineAsALine) {
  log_.write(LogStream::kStdout, "1\n2\n3");
  EXPECT_EQ(replay({.tail = 2}), "2\n3");
}

TEST_F(LogPrinterTest, FindsTheLastLinesOfALongRecord) {
  log_.write(LogStream::kStdout, "first\n" + std::string(200'000, 'x') + "\nlast\n");
  EXPECT_EQ(replay({.tail = 1}), "last\n");
}

TEST_F(LogPrinterTest, ShowsOnlyWhatCameSince) {
  log_.write(LogStream::kStdout, "old\n", 10 * kSecond);
  log_.write(LogStream::kStdout, "new\n", 20 * kSecond);
  EXPECT_EQ(replay({.since = Timestamp(std::chrono::seconds(20))}), "new\n");
}

TEST_F(LogPrinterTest, StampsEachLineOnce) {
  log_.write(LogStream::kStdout, "a\nb", 10 * kSecond);
  log_.write(LogStream::kStdout, "c\n", 20 * kSecond);
  EXPECT_EQ(replay({.timestamps = true}), "1970-01-01T00:00:10Z a\n1970-01-01T00:00:10Z bc\n");
}

TEST_F(LogPrinterTest, ShowsBytesThatATornIndexDoesNotCoverWhenTheLogHasEnded) {
  log_.write(LogStream::kStdout, "covered ");
  log_.write_without_record(LogStream::kStdout, "torn");
  log_.tear_index();
  open();
  EXPECT_EQ(pump(), "covered ");
  printer_->finish();
  EXPECT_EQ(pump(), "torn");
}

TEST_F(LogPrinterTest, CountsLostBytes) {
  log_.write(LogStream::kStdout, "kept");
  log_.append({.offset = 4, .length = 1000, .kind = LogRecordKind::kLost});
  EXPECT_EQ(replay({}), "kept");
  EXPECT_EQ(printer_->lost_bytes(), 1000U);
}

TEST_F(LogPrinterTest, SkipsWhatTheDiskDidNotKeep) {
  log_.append({.offset = 0, .length = 50});
  log_.write(LogStream::kStderr, "after");
  EXPECT_EQ(replay({}), "after");
}

TEST_F(LogPrinterTest, StopsAtAFullPipeAndGoesOnLater) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + '\n';
  log_.write(LogStream::kStdout, text);
  open();
  printer_->finish();
  std::string seen = pump();
  ASSERT_EQ(progress_, LogPrinter::Progress::kBlocked);
  EXPECT_EQ(printer_->blocked_fd(), writer_.get());
  while (progress_ == LogPrinter::Progress::kBlocked) seen += pump();
  EXPECT_EQ(seen, text);
}

}  // namespace
}  // namespace warren::client
