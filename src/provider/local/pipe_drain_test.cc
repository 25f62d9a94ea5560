// SPDX-License-Identifier: Apache-2.0

#include "provider/local/pipe_drain.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/file.h"
#include "os/socket.h"

namespace warren::provider {
namespace {

constexpr LogRoom kUnlimited{.bytes = UINT64_MAX};
constexpr std::size_t kLeft = std::size_t{600} * 1024;  // More than one read takes.

// The read end of a pipe that holds `text` and has no writer any more.
os::UniqueFd pipe_with(const std::string& text) {
  os::Pipe pipe = os::make_pipe().value();
  EXPECT_GE(::fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20), static_cast<int>(text.size()));
  EXPECT_TRUE(os::write_all(pipe.write.get(), std::as_bytes(std::span(text))));
  return std::move(pipe.read);
}

os::UniqueFd file_with(const std::string& text) {
  os::UniqueFd file(::memfd_create("log", MFD_CLOEXEC));
  EXPECT_TRUE(os::write_all(file.get(), std::as_bytes(std::span(text))));
  return file;
}

std::string text_of(const os::UniqueFd& file) {
  struct stat status {};
  EXPECT_EQ(::fstat(file.get(), &status), 0);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), status.st_size);
  return text;
}

std::vector<LogRecord> records_of(const os::UniqueFd& index) {
  const std::string bytes = text_of(index);
  std::vector<LogRecord> records(bytes.size() / sizeof(LogRecord));
  if (records.empty()) return records;
  std::memcpy(records.data(), bytes.data(), records.size() * sizeof(LogRecord));
  for (const LogRecord& record : records) EXPECT_TRUE(is_valid(record));
  return records;
}

TEST(DrainPipe, AppendsWhatIsLeftWithoutGaps) {
  const std::string left(kLeft, 'x');
  const os::UniqueFd pipe = pipe_with(left);
  const os::UniqueFd file = file_with("before\n");
  const os::UniqueFd index = file_with("");
  LogRoom room = kUnlimited;
  const Drained drained = drain_pipe(
      pipe.get(), {.file = file.get(), .index = index.get(), .stream = LogStream::kStderr}, room);
  EXPECT_EQ(drained.size, Bytes{7 + kLeft});
  EXPECT_EQ(drained.lost, Bytes{});
  EXPECT_EQ(text_of(file), "before\n" + left);
  std::uint64_t next = 7;
  for (const LogRecord& record : records_of(index)) {
    EXPECT_EQ(record.kind, LogRecordKind::kData);
    EXPECT_EQ(record.stream, LogStream::kStderr);
    EXPECT_EQ(record.offset, next);
    next += record.length;
  }
  EXPECT_EQ(next, 7 + kLeft);
}

TEST(DrainPipe, CountsWhatAFullDiskRefuses) {
  const os::UniqueFd pipe = pipe_with(std::string(kLeft, 'x'));
  const os::UniqueFd full = os::open_at(AT_FDCWD, "/dev/full", O_RDWR).value();
  const os::UniqueFd index = file_with("");
  LogRoom room = kUnlimited;
  const Drained drained = drain_pipe(
      pipe.get(), {.file = full.get(), .index = index.get(), .stream = LogStream::kStdout}, room);
  EXPECT_EQ(drained.size, Bytes{});
  EXPECT_EQ(drained.lost, Bytes{kLeft});
  const auto records = records_of(index);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].kind, LogRecordKind::kLost);
  EXPECT_EQ(records[0].length, kLeft);
}

// A limit on the size of files cuts the last write short, as a disk that fills up does.
TEST(DrainPipe, KeepsWhatFitsBeforeTheDiskIsFull) {
  const os::UniqueFd pipe = pipe_with(std::string(kLeft, 'x'));
  const os::UniqueFd file = file_with("before\n");
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  const os::UniqueFd index = file_with("");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 300'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  LogRoom room = kUnlimited;
  const Drained drained = drain_pipe(
      pipe.get(), {.file = file.get(), .index = index.get(), .stream = LogStream::kStdout}, room);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(drained.size, Bytes{300'000});
  EXPECT_EQ(drained.lost, Bytes{kLeft - (300'000 - 4096)});
  const auto records = records_of(index);
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.back().kind, LogRecordKind::kLost);
  EXPECT_EQ(records.back().length, drained.lost.value);
  EXPECT_EQ(records.back().offset, 300'000U);
}

// A log whose init has died: both streams and the index, with the limit that its command had.
class DrainLimit : public ::testing::Test {
 protected:
  [[nodiscard]] DrainTarget out() const {
    return {.file = out_.get(), .index = index_.get(), .stream = LogStream::kStdout};
  }
  [[nodiscard]] DrainTarget err() const {
    return {.file = err_.get(), .index = index_.get(), .stream = LogStream::kStderr};
  }
  void put(const os::UniqueFd& file, std::string_view text) {
    EXPECT_TRUE(os::write_all(file.get(), std::as_bytes(std::span(text))));
  }

  const std::string left_ = std::string(kLeft, 'x');
  const std::string marker_{kLimitMarker};
  os::UniqueFd out_ = file_with("");
  os::UniqueFd err_ = file_with("");
  os::UniqueFd index_ = file_with("");
};

TEST_F(DrainLimit, KeepsWhatTheLimitAllowsAndSaysOnceThatItIsReached) {
  put(out_, "out");
  put(err_, "err");
  LogRoom room = room_in(Bytes{1006}, out(), err());
  const Drained from_out = drain_pipe(pipe_with(left_).get(), out(), room);
  const Drained from_err = drain_pipe(pipe_with(left_).get(), err(), room);
  EXPECT_EQ(text_of(out_), "out" + std::string(1000, 'x') + marker_);
  EXPECT_EQ(text_of(err_), "err");
  EXPECT_EQ(from_out.lost, Bytes{kLeft - 1000});
  EXPECT_EQ(from_out.size, Bytes{1003 + marker_.size()});
  EXPECT_EQ(from_err.lost, Bytes{kLeft});
  const auto records = records_of(index_);
  ASSERT_EQ(records.size(), 4U);  // Data, marker, lost; and lost of the other stream.
  EXPECT_EQ(records[1].kind, LogRecordKind::kMarker);
  EXPECT_EQ(records[1].offset, 1003U);
  EXPECT_EQ(records[2].length, from_out.lost.value);
  EXPECT_EQ(records[3].length, from_err.lost.value);
}

TEST_F(DrainLimit, DoesNotRepeatTheMarkerOfInit) {
  put(err_, std::string(100, 'y') + marker_);
  LogRoom room = room_in(Bytes{100}, out(), err());
  const Drained drained = drain_pipe(pipe_with(left_).get(), out(), room);
  EXPECT_EQ(text_of(out_), "");
  EXPECT_EQ(drained.lost, Bytes{kLeft});
}

TEST_F(DrainLimit, MarksNothingWhereNothingIsLost) {
  put(out_, std::string(100, 'y'));
  LogRoom room = room_in(Bytes{100}, out(), err());
  const Drained drained = drain_pipe(pipe_with("").get(), out(), room);
  EXPECT_EQ(drained.size, Bytes{100});
  EXPECT_TRUE(records_of(index_).empty());
}

TEST_F(DrainLimit, NoLimitKeepsEverything) {
  LogRoom room = room_in(Bytes{}, out(), err());
  EXPECT_EQ(drain_pipe(pipe_with(left_).get(), out(), room).lost, Bytes{});
  EXPECT_EQ(text_of(out_), left_);
}

}  // namespace
}  // namespace warren::provider
