// SPDX-License-Identifier: Apache-2.0
//
// What a thread loses must be its own alone. Needs root.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "os/credentials.h"
#include "os/text_file.h"

namespace warren::os {
namespace {

constexpr uid_t kNobody = 65534;

// A line of the calling thread's /proc/thread-self/status, without its name.
std::string status(std::string_view name) {
  const std::string text = read_text(AT_FDCWD, "/proc/thread-self/status").value();
  const std::size_t start = text.find("\n" + std::string(name) + ":\t") + name.size() + 3;
  return text.substr(start, text.find('\n', start) - start);
}

// Runs `body` on a thread that is thrown away, and checks that the caller is who it was.
void on_another_thread(void (*body)()) {
  const std::string before = status("Uid") + status("Gid") + status("Groups") + status("CapEff") +
                             status("CapBnd") + status("NoNewPrivs") + status("Seccomp");
  std::thread(body).join();
  EXPECT_EQ(status("Uid") + status("Gid") + status("Groups") + status("CapEff") + status("CapBnd") +
                status("NoNewPrivs") + status("Seccomp"),
            before);
}

TEST(BecomeUser, ChangesTheCallingThreadAlone) {
  on_another_thread([] {
    ASSERT_TRUE(become_user(kNobody, kNobody));
    EXPECT_EQ(status("Uid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(status("Gid"), "65534\t65534\t65534\t65534");
    EXPECT_FALSE(become_user(0, 0)) << "there must be no way back";
  });
}

TEST(SetGroups, ReplacesTheGroupsOfTheCallingThreadAlone) {
  on_another_thread([] {
    ASSERT_TRUE(set_groups(std::array{7U, 9U}));
    EXPECT_EQ(status("Groups"), "7 9 ");
    ASSERT_TRUE(set_groups({}));
    EXPECT_EQ(status("Groups"), " ");
  });
}

TEST(SetCapabilities, KeepsTheMaskAndNothingInheritable) {
  on_another_thread([] {
    ASSERT_TRUE(set_capabilities(0x21));
    EXPECT_EQ(status("CapEff"), "0000000000000021");
    EXPECT_EQ(status("CapPrm"), "0000000000000021");
    EXPECT_EQ(status("CapInh"), "0000000000000000");
    EXPECT_FALSE(set_capabilities(0x23)) << "what is lost does not come back";
  });
}

TEST(DropBounding, KeepsOnlyTheMask) {
  on_another_thread([] {
    ASSERT_TRUE(drop_bounding(0x21));
    EXPECT_EQ(status("CapBnd"), "0000000000000021");
  });
}

TEST(ForbidNewPrivileges, HoldsForTheCallingThreadAlone) {
  on_another_thread([] {
    ASSERT_TRUE(forbid_new_privileges());
    EXPECT_EQ(status("NoNewPrivs"), "1");
  });
}

TEST(Unshare, GivesTheCallingThreadItsOwnNamespace) {
  std::array<char, 64> before{};
  ASSERT_GT(::readlink("/proc/thread-self/ns/uts", before.data(), before.size() - 1), 0);
  std::thread([&before] {
    ASSERT_TRUE(unshare(CLONE_NEWUTS));
    ASSERT_TRUE(set_hostname("somewhere-else"));
    std::array<char, 64> now{};
    ASSERT_GT(::readlink("/proc/thread-self/ns/uts", now.data(), now.size() - 1), 0);
    EXPECT_STRNE(now.data(), before.data());
  }).join();
  std::array<char, 64> name{};
  ASSERT_EQ(::gethostname(name.data(), name.size()), 0);
  EXPECT_STRNE(name.data(), "somewhere-else");
}

TEST(EnterNamespace, RefusesWhatIsNoNamespace) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(enter_namespace(fd, CLONE_NEWNET), std::unexpected(Errno{EINVAL}));
  ::close(fd);
}

TEST(InstallFilter, RefusesAnEmptyFilter) {
  EXPECT_EQ(install_filter({}), std::unexpected(Errno{EINVAL}));
}

}  // namespace
}  // namespace warren::os
