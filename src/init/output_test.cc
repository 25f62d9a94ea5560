// SPDX-License-Identifier: Apache-2.0
//
// The way of output to disk, with the host's C library instead of init's. The tests of a full disk
// need root: they mount a small file system that only their own thread sees.

#include "init/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "os/file.h"
#include "os/socket.h"

namespace warren::init {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kLimitReached = "[warren: the output limit is reached";
constexpr std::string_view kMissingHere = "[warren: output is missing here";

os::UniqueFd make_file() {
  return os::UniqueFd(::memfd_create("log", MFD_CLOEXEC));
}

std::string content_of(int file) {
  struct stat status {};
  EXPECT_EQ(::fstat(file, &status), 0);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  EXPECT_EQ(::pread(file, text.data(), text.size(), 0), status.st_size);
  return text;
}

std::size_t occurrences(std::string_view text, std::string_view wanted) {
  std::size_t count = 0;
  for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) ++count;
  return count;
}

// A process's output with pipes whose write ends the test holds.
class Capture {
 public:
  explicit Capture(std::uint64_t limit = 0, os::UniqueFd stdout_file = make_file()) {
    index_ = make_file();
    output_.open(os::UniqueFd(::fcntl(index_.get(), F_DUPFD_CLOEXEC, 0)), os::UniqueFd(), limit);
    auto& [out, err] = output_.streams();
    out.name = LogStream::kStdout;
    err.name = LogStream::kStderr;
    out.file = std::move(stdout_file);
    err.file = make_file();
    for (const std::size_t stream : {0U, 1U}) {
      os::Pipe pipe = *os::make_pipe();
      EXPECT_TRUE(os::set_nonblocking(pipe.read.get()));
      output_.streams().at(stream).pipe = std::move(pipe.read);
      writers_.at(stream) = std::move(pipe.write);
    }
  }

  Output& output() { return output_; }
  os::UniqueFd& writer(LogStream stream) { return writers_.at(index(stream)); }

  // As a command writes and init reads.
  void write(LogStream stream, std::string_view text) {
    put(stream, text);
    EXPECT_EQ(output_.move_chunk(output_.streams().at(index(stream))), text.size());
  }
  void put(LogStream stream, std::string_view text) {
    ASSERT_TRUE(os::write_all(writer(stream).get(), std::as_bytes(std::span(text))));
  }

  [[nodiscard]] std::string text(LogStream stream) const {
    return content_of(output_.streams().at(index(stream)).file.get());
  }

  [[nodiscard]] std::vector<LogRecord> records() const {
    std::vector<LogRecord> records(content_of(index_.get()).size() / sizeof(LogRecord));
    const auto bytes = std::as_writable_bytes(std::span(records));
    EXPECT_EQ(::pread(index_.get(), bytes.data(), bytes.size(), 0), std::ssize(bytes));
    for (const LogRecord& record : records) EXPECT_TRUE(is_valid(record));
    return records;
  }

  // What a reader of the index puts together: of one stream, or of both in their order.
  [[nodiscard]] std::string replay(std::optional<LogStream> only = std::nullopt) const {
    std::string replayed;
    for (const LogRecord& record : records()) {
      if ((only && record.stream != *only) || record.kind == LogRecordKind::kLost) continue;
      replayed += text(record.stream).substr(record.offset, record.length);
    }
    return replayed;
  }

  [[nodiscard]] std::uint64_t recorded(LogRecordKind kind) const {
    std::uint64_t bytes = 0;
    for (const LogRecord& record : records()) bytes += record.kind == kind ? record.length : 0;
    return bytes;
  }

 private:
  static std::size_t index(LogStream stream) { return stream == LogStream::kStdout ? 0 : 1; }

  Output output_;
  os::UniqueFd index_;
  std::array<os::UniqueFd, 2> writers_;
};

constexpr LogStream kOut = LogStream::kStdout;
constexpr LogStream kErr = LogStream::kStderr;

TEST(Output, KeepsEveryByteWithItsPlaceAndTime) {
  Capture capture;
  const std::uint64_t before = wall_clock();
  capture.write(kOut, "first\n");
  capture.write(kOut, std::string_view("\0\xff\n", 3));
  EXPECT_EQ(capture.text(kOut), std::string_view("first\n\0\xff\n", 9));
  const auto records = capture.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].offset, 6U);
  EXPECT_EQ(records[1].length, 3U);
  EXPECT_EQ(records[1].kind, LogRecordKind::kData);
  EXPECT_GE(records[0].microseconds, before);
  EXPECT_LE(records[1].microseconds, wall_clock());
  EXPECT_EQ(capture.output().lost(), 0U);
}

TEST(Output, ReplaysBothStreamsInTheOrderInWhichTheyWereRead) {
  Capture capture;
  capture.write(kOut, "1");
  capture.write(kErr, "2");
  capture.write(kOut, "3");
  EXPECT_EQ(capture.replay(), "123");
  EXPECT_EQ(capture.text(kOut), "13");
  EXPECT_EQ(capture.text(kErr), "2");
}

TEST(Output, KeepsExactlyTheLimitWithoutAMarker) {
  Capture capture(5);
  capture.write(kOut, "12345");
  capture.output().finish();
  EXPECT_EQ(capture.text(kOut), "12345");
  EXPECT_EQ(capture.output().lost(), 0U);
}

TEST(Output, CountsBothStreamsTogetherAgainstTheLimit) {
  Capture capture(10 + sizeof(LogRecord));
  capture.write(kOut, "12345678");
  capture.write(kErr, "abcdef");
  EXPECT_EQ(capture.text(kOut), "12345678");
  EXPECT_THAT(capture.text(kErr), AllOf(StartsWith("ab\n"), HasSubstr(kLimitReached)));
  EXPECT_EQ(capture.output().lost(), 4U);
}

TEST(Output, MarksTheLimitOnceAndGoesOnCounting) {
  Capture capture(4);
  for (int round = 0; round < 3; ++round) {
    capture.write(kOut, "123456");
    capture.write(kErr, "abcd");
  }
  capture.output().finish();
  EXPECT_EQ(occurrences(capture.text(kOut) + capture.text(kErr), kLimitReached), 1U);
  EXPECT_EQ(capture.output().lost(), 26U);
  EXPECT_EQ(capture.recorded(LogRecordKind::kData), 4U);
  EXPECT_EQ(capture.recorded(LogRecordKind::kLost), 26U);
  EXPECT_EQ(capture.replay(kOut), capture.text(kOut));
}

TEST(Output, CountsTheIndexAgainstTheLimit) {
  constexpr std::uint64_t kLimit = 4096;
  Capture capture(kLimit);
  for (std::uint64_t round = 0; round < kLimit; ++round) capture.write(kOut, "x");
  EXPECT_LE(capture.recorded(LogRecordKind::kData), kLimit / sizeof(LogRecord));
  EXPECT_EQ(capture.recorded(LogRecordKind::kData) + capture.output().lost(), kLimit);
}

TEST(Output, WritesOneRecordOfAStreamForAllThatComesAfterTheLimit) {
  Capture capture(4);
  capture.write(kOut, "1234");
  const std::size_t before = capture.records().size();
  for (int round = 0; round < 1000; ++round) {
    capture.write(kOut, "more");
    capture.write(kErr, "more");
  }
  EXPECT_EQ(capture.records().size(), before + 1) << "the marker, and nothing else";
  capture.output().finish();
  EXPECT_EQ(capture.records().size(), before + 3);
  EXPECT_EQ(capture.recorded(LogRecordKind::kLost), 8000U);
}

TEST(Output, SeesTheEndAfterTheLastWriter) {
  Capture capture;
  Stream& out = capture.output().streams()[0];
  EXPECT_EQ(capture.output().move_chunk(out), 0U);
  EXPECT_FALSE(out.ended);
  capture.put(kOut, "x");
  capture.writer(kOut).reset();
  EXPECT_EQ(capture.output().move_chunk(out), 1U);
  EXPECT_FALSE(out.ended);
  EXPECT_EQ(capture.output().move_chunk(out), 0U);
  EXPECT_TRUE(out.ended);
  EXPECT_EQ(capture.text(kOut), "x");
}

TEST(OutputFinish, TakesAllThatAPipeHoldsHoweverLargeTheCommandHasMadeIt) {
  Capture capture;
  const int writer = capture.writer(kOut).get();
  ASSERT_GE(::fcntl(writer, F_SETPIPE_SZ, 1 << 20), 1 << 20);
  const std::string text(1 << 20, 'x');
  capture.put(kOut, text);
  capture.output().finish();
  EXPECT_EQ(capture.text(kOut), text);
}

TEST(OutputFinish, TakesAllThatAPipeHoldsInPackets) {
  Capture capture;
  ASSERT_EQ(::fcntl(capture.writer(kOut).get(), F_SETFL, O_DIRECT), 0);
  for (const char* packet : {"1", "22", "333", "4444"}) capture.put(kOut, packet);
  capture.output().finish();
  EXPECT_EQ(capture.text(kOut), "1223334444");
}

TEST(OutputFinish, DoesNotWaitForAWriterThatNeverStops) {
  Capture capture;
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    const std::string line(4096, 'x');
    while (!is_over) {
      std::ignore = os::write_some(capture.writer(kOut).get(), std::as_bytes(std::span(line)));
    }
  });
  for (int round = 0; round < 10; ++round) capture.output().finish();
  is_over = true;
  // Whatever it is waiting for, it finds room.
  while (capture.output().move_chunk(capture.output().streams()[0]) > 0) {
  }
  writer.join();
  EXPECT_EQ(capture.replay(), capture.text(kOut));
}

// Runs `body` with a file on a file system of 64 KiB and another that fills what it leaves.
template <typename Body>
void with_small_disk(Body body) {
  std::thread([&body] {
    ASSERT_EQ(::unshare(CLONE_NEWNS | CLONE_FS), 0) << "needs root";
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, "size=64k"), 0);
    os::UniqueFd log(::open("/mnt/log", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const os::UniqueFd ballast(::open("/mnt/ballast", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    body(std::move(log), ballast.get());
  }).join();
}

void fill(int ballast, std::size_t bytes) {
  ASSERT_TRUE(os::write_all(ballast, std::vector<std::byte>(bytes)));
}

TEST(OutputOnAFullDisk, CountsWhatItCannotKeepAndMarksTheGapOnceThereIsRoom) {
  with_small_disk([](os::UniqueFd log, int ballast) {
    Capture capture(0, std::move(log));
    capture.write(kOut, "before\n");
    fill(ballast, 60 * 1024);
    const std::string large(8192, 'a');  // 4 KiB less 7 bytes of it have a place.
    capture.write(kOut, large);
    capture.write(kOut, "lost altogether\n");
    const std::uint64_t kept = 4096 - 7;
    EXPECT_EQ(capture.output().lost(), 8192 - kept + 16);
    EXPECT_EQ(capture.text(kOut), "before\n" + large.substr(0, kept));

    ASSERT_EQ(::ftruncate(ballast, 0), 0);
    capture.write(kOut, "after\n");
    const std::string text = capture.text(kOut);
    EXPECT_THAT(text, AllOf(HasSubstr(kMissingHere), EndsWith("after\n")));
    EXPECT_EQ(occurrences(text, kMissingHere), 1U);
    EXPECT_EQ(capture.recorded(LogRecordKind::kLost), capture.output().lost());
    EXPECT_EQ(capture.replay(), text);
  });
}

TEST(OutputOnAFullDisk, MarksTheGapAtTheEndWhenNothingMoreIsWritten) {
  with_small_disk([](os::UniqueFd log, int ballast) {
    Capture capture(0, std::move(log));
    fill(ballast, 64 * 1024);
    capture.write(kOut, "lost");
    ASSERT_EQ(::ftruncate(ballast, 0), 0);
    capture.output().finish();
    EXPECT_THAT(capture.text(kOut), HasSubstr(kMissingHere));
    EXPECT_EQ(capture.recorded(LogRecordKind::kLost), 4U);
  });
}

TEST(OutputOnAFullDisk, LeavesTheOtherStreamAlone) {
  with_small_disk([](os::UniqueFd log, int ballast) {
    Capture capture(0, std::move(log));
    fill(ballast, 64 * 1024);
    capture.write(kOut, "lost");
    capture.write(kErr, "kept");
    capture.output().finish();
    EXPECT_EQ(capture.text(kErr), "kept");
    EXPECT_EQ(capture.text(kOut), "");
    EXPECT_EQ(capture.output().lost(), 4U);
  });
}

TEST(OutputOnAFullDisk, DoesNotCountWhatIsMissingAgainstTheLimit) {
  with_small_disk([](os::UniqueFd log, int ballast) {
    Capture capture(10, std::move(log));
    fill(ballast, 64 * 1024);
    capture.write(kOut, "missing");
    ASSERT_EQ(::ftruncate(ballast, 0), 0);
    capture.write(kOut, "0123456789+++");
    const std::string text = capture.text(kOut);
    EXPECT_THAT(text, AllOf(HasSubstr(kMissingHere), HasSubstr("\n0123456789\n")));
    EXPECT_THAT(text, HasSubstr(kLimitReached));
    EXPECT_EQ(capture.output().lost(), 10U);
    capture.output().finish();
    EXPECT_EQ(capture.recorded(LogRecordKind::kLost), 10U);
  });
}

}  // namespace
}  // namespace warren::init
