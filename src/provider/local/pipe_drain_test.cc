// SPDX-License-Identifier: Apache-2.0

#include "provider/local/pipe_drain.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/socket.h"

namespace warren::provider {
namespace {

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
  std::memcpy(records.data(), bytes.data(), records.size() * sizeof(LogRecord));
  for (const LogRecord& record : records) EXPECT_TRUE(is_valid(record));
  return records;
}

TEST(DrainPipe, AppendsWhatIsLeftWithoutGaps) {
  const std::string left(kLeft, 'x');
  const os::UniqueFd pipe = pipe_with(left);
  const os::UniqueFd file = file_with("before\n");
  const os::UniqueFd index = file_with("");
  const Drained drained = drain_pipe(
      pipe.get(), {.file = file.get(), .index = index.get(), .stream = LogStream::kStderr});
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
  const Drained drained = drain_pipe(
      pipe.get(), {.file = full.get(), .index = index.get(), .stream = LogStream::kStdout});
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
  const Drained drained = drain_pipe(
      pipe.get(), {.file = file.get(), .index = index.get(), .stream = LogStream::kStdout});
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

}  // namespace
}  // namespace warren::provider
