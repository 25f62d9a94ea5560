// SPDX-License-Identifier: Apache-2.0

#include "rootfs/user_namespace.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <set>

#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/state_directory_test.h"
#include "rootfs/user_namespace_pool.h"

namespace warren::rootfs {
namespace {

constexpr IdRange kRange{IdRange::kFirstBase + 7 * IdRange::kSize};

class UserNamespaceTest : public StateDirectoryTest {};
class UserNamespacePoolTest : public StateDirectoryTest {};

ino_t inode_of(const os::UniqueFd& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 ? status.st_ino : 0;
}

// What /proc/self/`file` says to a process that has entered the namespace; "" when it cannot.
std::string seen_from_inside(const os::UniqueFd& user_namespace, const char* file) {
  std::array<int, 2> channel{};
  if (::pipe2(channel.data(), O_CLOEXEC) < 0) return "";
  const os::UniqueFd reader(channel[0]);
  os::UniqueFd writer(channel[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setns(user_namespace.get(), CLONE_NEWUSER) < 0) ::_exit(1);
    const auto text = os::read_text(AT_FDCWD, (std::string("/proc/self/") + file).c_str());
    if (!text) ::_exit(2);
    ::_exit(os::write_all(writer.get(), std::as_bytes(std::span(*text))) ? 0 : 3);
  }
  writer.reset();
  std::array<char, 4096> buffer{};
  std::string text;
  while (const auto count =
             os::read_some(reader.get(), std::as_writable_bytes(std::span(buffer))).value_or(0)) {
    text.append(buffer.data(), count);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return text;
}

std::uint32_t base_seen_from_inside(const os::UniqueFd& user_namespace) {
  std::uint32_t inside = 1;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  const std::string text = seen_from_inside(user_namespace, "uid_map");
  if (::sscanf(text.c_str(), "%u %u %u", &inside, &outside, &count) != 3) return 0;
  return inside == 0 && count == IdRange::kSize ? outside : 0;
}

TEST_F(UserNamespaceTest, MapsItsRangeAndAllowsGroups) {
  const auto made = create_user_namespace(kRange);
  ASSERT_TRUE(made);
  EXPECT_EQ(base_seen_from_inside(*made), kRange.base);
  EXPECT_EQ(seen_from_inside(*made, "gid_map"), seen_from_inside(*made, "uid_map"));
  EXPECT_EQ(seen_from_inside(*made, "setgroups"), "allow\n");
}

TEST_F(UserNamespaceTest, LeavesNoProcessBehind) {
  ASSERT_TRUE(create_user_namespace(kRange));
  siginfo_t how{};
  EXPECT_EQ(::waitid(P_ALL, 0, &how, WEXITED | WNOHANG | __WALL), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(UserNamespaceTest, ShiftsOwnersInAClone) {
  const os::UniqueFd directory = open_directory(state());
  ASSERT_TRUE(os::make_directory(directory.get(), "layer", 0755));
  ASSERT_TRUE(os::make_directory(directory.get(), "layer/of-user", 0755));
  ASSERT_EQ(::fchownat(directory.get(), "layer/of-user", 1000, 1001, 0), 0);
  const auto ids = create_user_namespace(kRange);
  ASSERT_TRUE(ids);

  const auto clone = clone_for_range(directory.get(), "layer", ids->get(), Access::kReadWrite);
  ASSERT_TRUE(clone);
  struct stat status {};
  ASSERT_EQ(::fstatat(clone->get(), "", &status, AT_EMPTY_PATH), 0);
  EXPECT_EQ(status.st_uid, kRange.base);
  ASSERT_EQ(::fstatat(clone->get(), "of-user", &status, 0), 0);
  EXPECT_EQ(status.st_uid, kRange.base + 1000);
  EXPECT_EQ(status.st_gid, kRange.base + 1001);
}

TEST_F(UserNamespaceTest, RefusesWritesToAReadOnlyClone) {
  const os::UniqueFd directory = open_directory(state());
  const auto ids = create_user_namespace(kRange);
  ASSERT_TRUE(ids);
  const auto readable = clone_for_range(directory.get(), "", ids->get(), Access::kReadOnly);
  const auto writable = clone_for_range(directory.get(), "", ids->get(), Access::kReadWrite);
  ASSERT_TRUE(readable && writable);
  EXPECT_EQ(::unlinkat(readable->get(), "none", 0), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::unlinkat(writable->get(), "none", 0), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(UserNamespacePoolTest, GivesEachReservationItsOwnRange) {
  UserNamespacePool pool({.ready = 4, .cached = 8});
  std::set<IdRange> ranges;
  for (int i = 0; i < 20; ++i) {
    const auto range = pool.reserve();
    ASSERT_TRUE(range);
    EXPECT_TRUE(ranges.insert(*range).second) << to_text(*range);
    const auto ids = pool.open(*range);
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(base_seen_from_inside(*ids), range->base);
  }
}

TEST_F(UserNamespacePoolTest, UsesANamespaceAgain) {
  UserNamespacePool pool({.ready = 0, .cached = 1});
  const IdRange range = pool.reserve().value();
  const ino_t inode = inode_of(pool.open(range).value());
  pool.release(range);
  EXPECT_FALSE(pool.open(range));
  EXPECT_EQ(pool.reserve(), range);
  EXPECT_EQ(inode_of(pool.open(range).value()), inode);
}

TEST_F(UserNamespacePoolTest, AdoptsARangeOnce) {
  UserNamespacePool pool({.ready = 4, .cached = 8});
  for (std::uint32_t i = 0; i < 12; ++i) {
    const IdRange range{IdRange::kFirstBase + i * IdRange::kSize};
    EXPECT_TRUE(pool.reserve(range)) << i;
    EXPECT_FALSE(pool.reserve(range)) << i;
    EXPECT_TRUE(pool.open(range)) << i;
  }
}

}  // namespace
}  // namespace warren::rootfs
