// SPDX-License-Identifier: Apache-2.0
//
// Making, entering, freezing, killing and removing groups on the running kernel.

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "cgroup/kernel_fixture.h"

namespace warren::cgroup {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::uint32_t kSandboxUser = 100'000;

class Control : public KernelTree, public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override { open(GetParam()); }
};

// A number that processes of the test count up.
class SharedCounter {
 public:
  SharedCounter()
      : page_(::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        value_(new (page_) std::atomic<std::uint64_t>(0)) {}
  ~SharedCounter() { ::munmap(page_, sizeof(std::atomic<std::uint64_t>)); }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;

  [[noreturn]] void count_forever() {
    for (;;) value_->fetch_add(1);
  }
  [[nodiscard]] std::uint64_t value() const { return value_->load(); }
  [[nodiscard]] bool grows_beyond(std::uint64_t old, milliseconds patience) const {
    const auto deadline = steady_clock::now() + patience;
    while (steady_clock::now() < deadline) {
      if (value() > old) return true;
      std::this_thread::yield();
    }
    return false;
  }

 private:
  void* page_;
  std::atomic<std::uint64_t>* value_;
};

[[noreturn]] void wait_for_the_end() {
  for (;;) ::pause();
}

// Leaves `count` processes behind that belong to no session and no parent of the test.
int scatter(const LifeLine& life, int count) {
  for (int each = 0; each < count; ++each) {
    if (::fork() != 0) continue;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    life.report();
    wait_for_the_end();
  }
  return 0;
}

// Also the children fork, as fast as they can.
[[noreturn]] void explode(const LifeLine& life) {
  life.report();
  for (;;) {
    if (::fork() == 0) ::setsid();
  }
}

TEST_P(Control, RefusesNamesThatLeaveTheTree) {
  for (const char* name : {"../out", "/abs", "", "init"}) {
    const auto created = tree().create(name, {}, "");
    ASSERT_FALSE(created) << name;
    EXPECT_EQ(created.error().code, Errc::kInvalidArgument);
    EXPECT_FALSE(tree().remove(name)) << name;
    EXPECT_FALSE(tree().entry(name)) << name;
  }
}

TEST_P(Control, RefusesToMakeAGroupTwice) {
  create("one", {});
  const auto again = tree().create("one", {}, "");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kAlreadyExists);
  EXPECT_TRUE(tree().entry("one"));
}

TEST_P(Control, HasNothingToSayAboutGroupsThatDoNotExist) {
  for (const Errc code : {tree().usage("no").error().code, tree().events("no").error().code,
                          tree().kill("no").error().code, tree().freeze("no").error().code,
                          tree().is_populated("no").error().code}) {
    EXPECT_EQ(code, Errc::kNotFound);
  }
  EXPECT_TRUE(tree().remove("no"));
}

TEST_P(Control, ListsItsGroupsAlsoForALaterEngine) {
  create("one", {});
  create("two", {});
  create("two/below", {});
  create("two/below/deeper", {});
  reopen();
  EXPECT_THAT(tree().list().value(),
              UnorderedElementsAre("one", "two", "two/below", "two/below/deeper"));
}

TEST_P(Control, KeepsANoteForALaterEngine) {
  create("noted", {});
  create("plain", {});
  ASSERT_TRUE(tree().set_note("noted", "0-3,5"));
  reopen();
  EXPECT_EQ(tree().note("noted"), "0-3,5");
  EXPECT_EQ(tree().note("plain"), "");
  ASSERT_TRUE(tree().remove("noted"));
  create("noted", {});
  EXPECT_EQ(tree().note("noted"), "");
}

TEST_P(Control, TellsWhetherAGroupHasProcesses) {
  create("one", {});
  EXPECT_EQ(tree().is_populated("one"), false);
  const LifeLine life;
  start_in("one", [&] {
    life.report();
    wait_for_the_end();
    return 0;
  });
  ASSERT_TRUE(life.hears(1));
  EXPECT_EQ(tree().is_populated("one"), true);
}

TEST_P(Control, DoesNotRemoveAGroupWithProcesses) {
  create("one", {});
  const LifeLine life;
  start_in("one", [&] {
    life.report();
    wait_for_the_end();
    return 0;
  });
  ASSERT_TRUE(life.hears(1));
  const auto removed = tree().remove("one");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(tree().list().value(), ElementsAre("one"));
}

TEST_P(Control, FreezesAndThaws) {
  create("one", {});
  SharedCounter counter;
  start_in("one", [&] {
    counter.count_forever();
    return 0;
  });
  ASSERT_TRUE(counter.grows_beyond(0, kPatience));
  const auto frozen = tree().freeze("one");
  ASSERT_TRUE(frozen) << frozen.error().message;
  const std::uint64_t stopped_at = counter.value();
  EXPECT_FALSE(counter.grows_beyond(stopped_at, milliseconds(100)));
  ASSERT_TRUE(tree().thaw("one"));
  EXPECT_TRUE(counter.grows_beyond(stopped_at, kPatience));
}

TEST_P(Control, KillsWhoLeftItsSessionAndItsParent) {
  create("one", {});
  const LifeLine life;
  start_in("one", [&] { return scatter(life, 20); });
  ASSERT_TRUE(life.hears(20));
  ASSERT_TRUE(tree().kill("one"));
  EXPECT_TRUE(life.falls_silent());
  const auto removed = tree().remove("one");
  EXPECT_TRUE(removed) << removed.error().message;
}

TEST_P(Control, KillsGroupsBelowAndFrozenOnes) {
  create("one", {});
  const LifeLine life;
  start_in("one", [&] { return scatter(life, 2); });
  create("one/below", {});
  start_in("one/below", [&] { return scatter(life, 2); });
  ASSERT_TRUE(life.hears(4));
  ASSERT_TRUE(tree().freeze("one/below"));
  ASSERT_TRUE(tree().freeze("one"));
  ASSERT_TRUE(tree().kill("one"));
  EXPECT_TRUE(life.falls_silent());
}

TEST_P(Control, KillsAForkBomb) {
  if (!has("limit.pids")) GTEST_SKIP() << "without a limit it would harm the host";
  create("bomb", {.pids = 64});
  const LifeLine life;
  start_in("bomb", [&] {
    explode(life);
    return 0;
  });
  ASSERT_TRUE(life.hears(1));
  const auto killed = tree().kill("bomb");
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_TRUE(life.falls_silent());
}

TEST_P(Control, SignalsEveryProcess) {
  create("one", {});
  const LifeLine life;
  start_in("one", [&] { return scatter(life, 10); });
  ASSERT_TRUE(life.hears(10));
  ASSERT_TRUE(tree().signal("one", SIGTERM));
  EXPECT_TRUE(life.falls_silent());
}

TEST_P(Control, TheKillFileKillsTheGroup) {
  create("one", {});
  const auto file = tree().kill_file("one");
  if (GetParam() ==
      Kind::kFreezer) {  // Only the unified hierarchy has one, and callers are told so.
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, Errc::kFailedPrecondition);
    return;
  }
  ASSERT_TRUE(file) << file.error().message;
  const LifeLine life;
  start_in("one", [&] { return scatter(life, 3); });
  ASSERT_TRUE(life.hears(3));
  ASSERT_EQ(::write(file->get(), "1", 1), 1);
  EXPECT_TRUE(life.falls_silent());
}

// In the init's leaf as another user: whether clone3(2) into `group` works.
int clone_as_sandbox_user(int group) {
  if (::setresgid(kSandboxUser, kSandboxUser, kSandboxUser) != 0) return 1;
  if (::setresuid(kSandboxUser, kSandboxUser, kSandboxUser) != 0) return 1;
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(group);
  const long child = ::syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) ::_exit(0);
  return child < 0 ? errno : 0;
}

TEST_P(Control, LetsAnotherUserCloneIntoAGroupOnlyWhenAllowed) {
  create("one", {});
  const auto entry = tree().entry("one");
  ASSERT_TRUE(entry);
  if (GetParam() == Kind::kFreezer) {  // Version 1 has no such way in.
    EXPECT_FALSE(entry->unified);
    return;
  }
  const int group = entry->unified.get();
  const auto attempt = [&] { return clone_as_sandbox_user(group); };
  EXPECT_EQ(WEXITSTATUS(wait_status(start(tree().init_entry(), attempt))), EACCES);
  ASSERT_TRUE(tree().allow_entry("one", kSandboxUser));
  EXPECT_EQ(WEXITSTATUS(wait_status(start(tree().init_entry(), attempt))), 0);
}

// With nsdelegate, clone3(2) fails from there.
TEST_P(Control, AnEntryOpenedByRootAdmitsAnotherUserFromAnotherCgroupNamespace) {
  create("one", {});
  const auto entry = tree().entry("one");
  ASSERT_TRUE(entry);
  if (GetParam() == Kind::kFreezer) {
    EXPECT_FALSE(entry->unified_procs);
    return;
  }
  const auto enter_later = [&] {
    if (::unshare(CLONE_NEWCGROUP) != 0) return 1;
    if (::setresuid(kSandboxUser, kSandboxUser, kSandboxUser) != 0) return 1;
    return ::write(entry->unified_procs.get(), "0", 1) == 1 ? 0 : errno;
  };
  EXPECT_EQ(WEXITSTATUS(wait_status(start(tree().init_entry(), enter_later))), 0);
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) {
  return to_text(info.param);
}

INSTANTIATE_TEST_SUITE_P(OnThisHost, Control,
                         testing::Values(Kind::kNative, Kind::kFreezer, Kind::kUnified), kind_name);

}  // namespace
}  // namespace warren::cgroup
