// SPDX-License-Identifier: Apache-2.0
//
// What is made ahead is made again once a host that could not make it can.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "provider/local/network_pool.h"
#include "rootfs/user_namespace_pool.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

constexpr std::chrono::seconds kDeadline{20};
constexpr int kAttempts = 20;

// While it lives this process gets no further descriptors, so that it can make no namespaces.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

// How many descriptors of this process are namespaces of that kind ("net:[").
std::size_t count_open(const std::string& kind) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed;
    if (std::filesystem::read_symlink(entry, closed).string().starts_with(kind)) ++count;
  }
  return count;
}

bool comes_to_hold(const std::string& kind, std::size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (count_open(kind) < count) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(NetworkPool, FillsUpAgainAfterFailures) {
  std::optional<provider::NetworkPool> pool;
  {
    const NoDescriptors none;
    pool.emplace(3);
    for (int attempt = 0; attempt < kAttempts; ++attempt) EXPECT_FALSE(pool->take());
  }
  EXPECT_TRUE(pool->take());
  EXPECT_TRUE(comes_to_hold("net:[", 3));
}

TEST(NetworkPool, OneWithRoomForNoneMakesEachWhenItIsTaken) {
  provider::NetworkPool pool(0);
  for (int taken = 0; taken < 20; ++taken) EXPECT_TRUE(pool.take());
}

TEST(UserNamespacePool, FillsUpAgainAfterFailures) {
  std::optional<rootfs::UserNamespacePool> pool;
  {
    const NoDescriptors none;
    pool.emplace(rootfs::UserNamespacePool::Sizes{.ready = 3, .cached = 3});
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const auto range = pool->reserve();
      ASSERT_TRUE(range);
      EXPECT_FALSE(pool->open(*range));
      pool->release(*range);
    }
  }
  EXPECT_TRUE(pool->reserve());
  EXPECT_TRUE(comes_to_hold("user:[", 3));
}

// While it still bears the inits that are to wait.
TEST(LocalProvider, MayCloseBeforeItHasMadeAnything) {
  for (int round = 0; round < 5; ++round) {
    const SandboxRunner runner;
    EXPECT_TRUE(std::filesystem::exists(runner.directory()));
  }
}

}  // namespace
}  // namespace warren::test
