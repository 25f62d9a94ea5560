// SPDX-License-Identifier: Apache-2.0

#include "gateway/limited_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "os/socket.h"
#include "os/unique_fd.h"

namespace warren::gateway {
namespace {

// In place of standard error, as long as it lives.
class StandardError {
 public:
  explicit StandardError(int fd) : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(fd, STDERR_FILENO);
  }
  ~StandardError() { ::dup2(before_.get(), STDERR_FILENO); }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

 private:
  os::UniqueFd before_;
};

TEST(LogLimited, WritesOneLineOfText) {
  const os::Pipe pipe = *os::make_pipe();
  {
    const StandardError replaced(pipe.write.get());
    log_limited("10.0.0.1:9: it says\n\x1b[2J");
  }
  std::array<char, 256> bytes{};
  const ssize_t count = ::read(pipe.read.get(), bytes.data(), bytes.size());
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(bytes.data(), static_cast<std::size_t>(count)),
            "warren-gateway: 10.0.0.1:9: it says  [2J\n");
}

TEST(LogLimited, OutlivesADiskThatIsFull) {
  const os::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const StandardError replaced(full.get());
  EXPECT_NO_THROW(log_limited("lost"));
}

}  // namespace
}  // namespace warren::gateway
