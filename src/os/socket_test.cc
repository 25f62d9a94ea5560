// SPDX-License-Identifier: Apache-2.0

#include "os/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "os/file.h"

namespace warren::os {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

bool is_close_on_exec(int fd) {
  return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return std::distance(begin(descriptors), end(descriptors));
}

bool are_same_file(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

class Messages : public ::testing::Test {
 protected:
  SocketPair sockets_ = *make_packet_pair();
  std::array<std::byte, 64> buffer_;
};

TEST_F(Messages, ArriveWhole) {
  ASSERT_TRUE(send_message(sockets_.first.get(), bytes_of("one"), {}));
  ASSERT_TRUE(send_message(sockets_.first.get(), bytes_of("three"), {}));
  EXPECT_EQ(receive_message(sockets_.second.get(), buffer_)->bytes, 3U);
  const auto second = receive_message(sockets_.second.get(), buffer_);
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::ranges::equal(std::span(buffer_).first(second->bytes), bytes_of("three")));
  EXPECT_EQ(second->descriptors, 0U);
}

TEST_F(Messages, CarryDescriptorsThatAreClosedOnExec) {
  const Pipe pipe = *make_pipe();
  const std::array fds{pipe.read.get(), pipe.write.get()};
  ASSERT_TRUE(send_message(sockets_.first.get(), bytes_of("x"), fds));
  const auto received = receive_message(sockets_.second.get(), buffer_);
  ASSERT_TRUE(received);
  ASSERT_EQ(received->descriptors, 2U);
  for (std::size_t index = 0; index < fds.size(); ++index) {
    EXPECT_NE(received->fds[index].get(), fds[index]);
    EXPECT_TRUE(are_same_file(received->fds[index].get(), fds[index]));
    EXPECT_TRUE(is_close_on_exec(received->fds[index].get()));
  }
}

TEST_F(Messages, CarryAsManyDescriptorsAsFit) {
  const std::vector<int> fds(kMostDescriptors, sockets_.first.get());
  ASSERT_TRUE(send_message(sockets_.first.get(), bytes_of("x"), fds));
  EXPECT_EQ(receive_message(sockets_.second.get(), buffer_)->descriptors, kMostDescriptors);
  const std::vector<int> more(kMostDescriptors + 1, sockets_.first.get());
  EXPECT_EQ(send_message(sockets_.first.get(), bytes_of("x"), more).error(), Errno{EMSGSIZE});
}

TEST_F(Messages, ThatAreTooLargeLeaveNoDescriptorBehind) {
  const std::vector<std::byte> large(buffer_.size() + 1);
  const std::vector<int> fds(3, sockets_.first.get());
  ASSERT_TRUE(send_message(sockets_.first.get(), large, fds));
  const auto before = open_descriptors();
  EXPECT_EQ(receive_message(sockets_.second.get(), buffer_).error(), Errno{EMSGSIZE});
  EXPECT_EQ(open_descriptors(), before);
}

// The receiver's table has room for some of the descriptors only.
TEST_F(Messages, WhoseDescriptorsDoNotFitLeaveNoneBehind) {
  const std::vector<int> fds(8, sockets_.first.get());
  ASSERT_TRUE(send_message(sockets_.first.get(), bytes_of("x"), fds));
  const auto before = open_descriptors();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const UniqueFd next_free(::fcntl(sockets_.first.get(), F_DUPFD_CLOEXEC, 0));
  const rlimit narrow{.rlim_cur = static_cast<rlim_t>(next_free.get()) + 4,
                      .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &narrow), 0);
  const auto received = receive_message(sockets_.second.get(), buffer_);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error(), Errno{EMSGSIZE});
  EXPECT_EQ(open_descriptors(), before + 1);
}

TEST_F(Messages, EndWhenTheOtherEndIsClosed) {
  sockets_.first.reset();
  EXPECT_EQ(receive_message(sockets_.second.get(), buffer_)->bytes, 0U);
  // Without SIGPIPE.
  EXPECT_EQ(send_message(sockets_.second.get(), bytes_of("x"), {}).error(), Errno{EPIPE});
}

TEST_F(Messages, AreNotWaitedForWhenTheSocketIsNonBlocking) {
  ASSERT_TRUE(set_nonblocking(sockets_.second.get()));
  EXPECT_EQ(receive_message(sockets_.second.get(), buffer_).error(), Errno{EAGAIN});
}

TEST(MakePipe, ConnectsItsEnds) {
  const Pipe pipe = *make_pipe();
  EXPECT_TRUE(is_close_on_exec(pipe.read.get()));
  EXPECT_TRUE(is_close_on_exec(pipe.write.get()));
  ASSERT_TRUE(write_all(pipe.write.get(), bytes_of("hello")));
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(*read_some(pipe.read.get(), buffer), 5U);
}

TEST(StreamPair, GoesBothWaysWithoutWaiting) {
  const auto pair = make_stream_pair();
  ASSERT_TRUE(pair);
  EXPECT_TRUE(is_close_on_exec(pair->first.get()) && is_close_on_exec(pair->second.get()));
  ASSERT_TRUE(limit_unsent(pair->first.get(), 4096));
  std::array<std::byte, 1024> bytes{};
  EXPECT_EQ(read_some(pair->second.get(), bytes).error(), Errno{EAGAIN});
  std::size_t written = 0;
  while (write_some(pair->first.get(), bytes)) written += bytes.size();
  EXPECT_LT(written, 64U * 1024);
  EXPECT_EQ(read_some(pair->second.get(), bytes), bytes.size());
}

// Whoever knows the name can do nothing with it.
TEST(BindAbstract, NamesAnEndThatNobodyCanConnectTo) {
  const auto pair = make_stream_pair();
  ASSERT_TRUE(pair);
  const std::string name = "warren-socket-test." + std::to_string(::getpid());
  ASSERT_TRUE(bind_abstract(pair->first.get(), name));
  sockaddr_un address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::getpeername(pair->second.get(), generic, &size), 0);
  EXPECT_EQ(std::string(address.sun_path, size - offsetof(sockaddr_un, sun_path)),
            std::string(1, '\0') + name);
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    const UniqueFd stranger(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(stranger.get(), generic, size), -1);
  }
  EXPECT_FALSE(bind_abstract(pair->first.get(), "another"));
}

TEST(BindAbstract, RefusesANameThatIsTooLong) {
  const auto pair = make_stream_pair();
  EXPECT_EQ(bind_abstract(pair->first.get(), std::string(200, 'x')).error(), Errno{ENAMETOOLONG});
}

}  // namespace
}  // namespace warren::os
