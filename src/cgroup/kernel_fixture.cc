// SPDX-License-Identifier: Apache-2.0

#include "cgroup/kernel_fixture.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cgroup/hybrid_tree.h"
#include "cgroup/unified_tree.h"

namespace warren::cgroup {
namespace {

namespace fs = std::filesystem;

constexpr int kCouldNotEnter = 120;

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Layout host_layout() {
  return parse_layout(contents("/proc/self/cgroup"), contents("/proc/self/mountinfo"), std::nullopt)
      .value();
}

// fork(2) into the group, as the engine does.
pid_t clone_into(const os::UniqueFd& group) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  if (group) {
    args.flags = CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(group.get());
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

bool enter(const std::vector<os::UniqueFd>& tasks) {
  for (const os::UniqueFd& file : tasks) {
    if (::write(file.get(), "0", 1) != 1) return false;
  }
  return true;
}

// Every cgroup directory of the host with that name.
std::vector<std::string> leftovers(const std::string& name) {
  std::vector<std::string> found;
  const Layout layout = host_layout();
  auto hierarchies = layout.legacy;
  if (layout.unified) hierarchies.push_back(*layout.unified);
  for (const Hierarchy& hierarchy : hierarchies) {
    const fs::path path = fs::path(hierarchy.directory) / name;
    if (fs::exists(path)) found.push_back(path);
  }
  return found;
}

}  // namespace

std::string to_text(Kind kind) {
  constexpr std::array kNames{"Native", "Freezer", "Unified"};
  return kNames.at(static_cast<std::size_t>(kind));
}

LifeLine::LifeLine() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  read_end_ = os::UniqueFd(ends[0]);
  write_end_ = os::UniqueFd(ends[1]);
}

void LifeLine::report() const {
  [[maybe_unused]] const auto written = ::write(write_end_.get(), "x", 1);
}

int LifeLine::next() const {
  write_end_.reset();  // From here on only the processes hold it.
  pollfd event{.fd = read_end_.get(), .events = POLLIN, .revents = 0};
  const auto patience = std::chrono::milliseconds(kPatience).count();
  if (::poll(&event, 1, static_cast<int>(patience)) != 1) return -1;
  char byte = 0;
  return static_cast<int>(::read(read_end_.get(), &byte, 1));
}

testing::AssertionResult LifeLine::hears(int reports) const {
  for (int heard = 0; heard < reports; ++heard) {
    if (next() != 1) return testing::AssertionFailure() << "heard only " << heard << " processes";
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult LifeLine::falls_silent() const {
  for (;;) {
    const int count = next();
    if (count == 0) return testing::AssertionSuccess();
    if (count < 0) return testing::AssertionFailure() << "a process is still alive";
  }
}

Result<std::unique_ptr<Tree>> KernelTree::open_kind() const {
  const std::string name = "warren-" + tag();
  Layout layout = host_layout();
  if (kind_ == Kind::kUnified) return UnifiedTree::open(layout, name);
  if (kind_ == Kind::kNative) return Tree::open(tag(), WARREN_TRY(own_parent(std::nullopt)));
  layout.unified.reset();
  return HybridTree::open(layout, name);
}

void KernelTree::open(Kind kind) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make cgroups";
  const Layout layout = host_layout();
  if (kind == Kind::kFreezer && layout.legacy_with("freezer") == nullptr) {
    GTEST_SKIP() << "the host has no version 1 freezer";
  }
  if (kind == Kind::kUnified && !layout.unified) {
    GTEST_SKIP() << "the host has no unified hierarchy";
  }
  kind_ = kind;
  reopen();
}

void KernelTree::reopen() {
  auto opened = open_kind();
  ASSERT_TRUE(opened) << opened.error().message;
  tree_ = *std::move(opened);
}

void KernelTree::TearDown() {
  if (!tree_) return;
  auto names = tree_->list().value();
  for (const GroupName& name : names) EXPECT_TRUE(tree_->kill(name)) << name;
  for (const pid_t child : children_) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  // "<parent>/<child>" sorts behind its parent and has to go first.
  std::ranges::sort(names, std::greater());
  for (const GroupName& name : names) {
    const auto removed = tree_->remove(name);
    EXPECT_TRUE(removed) << removed.error().message;
  }
  const auto closed = tree_->close();
  EXPECT_TRUE(closed) << closed.error().message;
  EXPECT_THAT(leftovers("warren-" + tag()), testing::IsEmpty());
}

bool KernelTree::has(std::string_view capability) const {
  const auto all = tree_->capabilities();
  const auto found = std::ranges::find(all, capability, &Capability::name);
  return found != all.end() && found->available;
}

std::string KernelTree::tag() const {
  return fmt::format("test-{}", ::getpid());
}

void KernelTree::create(const GroupName& name, const model::Limits& limits) {
  const auto created = tree_->create(name, limits, "");
  ASSERT_TRUE(created) << created.error().message;
}

pid_t KernelTree::start(Result<Entry> entry, const std::function<int()>& body) {
  EXPECT_TRUE(entry) << entry.error().message;
  if (!entry) return -1;
  const pid_t child = clone_into(entry->unified);
  if (child == 0) ::_exit(enter(entry->tasks) ? body() : kCouldNotEnter);
  EXPECT_GT(child, 0);
  if (child > 0) children_.push_back(child);
  return child;
}

pid_t KernelTree::start_in(const GroupName& name, const std::function<int()>& body) {
  return start(tree_->entry(name), body);
}

int KernelTree::wait_status(pid_t child) {
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  std::erase(children_, child);
  return status;
}

}  // namespace warren::cgroup
