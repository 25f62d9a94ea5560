// SPDX-License-Identifier: Apache-2.0
//
// A tree of its own on the running kernel, for tests: with a tag that no engine has, and nothing of
// it left afterwards.

#pragma once

#include <gmock/gmock.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"

namespace warren::cgroup {

// Whatever should happen soon may take this long on a busy machine.
inline constexpr std::chrono::seconds kPatience{20};

// Which implementation the host is driven with.
enum class Kind : std::uint8_t {
  kNative,   // What Tree::open() chooses.
  kFreezer,  // Version 1 alone, as if no unified hierarchy were mounted.
  kUnified,  // The unified hierarchy alone, with the controllers it happens to have.
};
[[nodiscard]] std::string to_text(Kind kind);

// The end of a pipe that all processes of a test inherit: it ends when the last of them has.
class LifeLine {
 public:
  LifeLine();
  // To be called in the processes, once each is where the test wants it.
  void report() const;
  [[nodiscard]] testing::AssertionResult hears(int reports) const;
  [[nodiscard]] testing::AssertionResult falls_silent() const;

 private:
  // One byte more of a report, 0 at the end of all processes, -1 when the patience is over.
  [[nodiscard]] int next() const;

  os::UniqueFd read_end_;
  mutable os::UniqueFd write_end_;
};

class KernelTree : public testing::Test {
 protected:
  void open(Kind kind);  // Skips the test where the host has no such hierarchy.
  void reopen();         // As an engine that comes back.
  void TearDown() override;

  [[nodiscard]] Tree& tree() { return *tree_; }
  [[nodiscard]] bool has(std::string_view capability) const;
  [[nodiscard]] std::string tag() const;

  void create(const GroupName& name, const model::Limits& limits);
  // Starts a process that enters the group and then runs `body` for its exit status.
  pid_t start(Result<Entry> entry, const std::function<int()>& body);
  pid_t start_in(const GroupName& name, const std::function<int()>& body);
  // Reaps it: its wait status.
  int wait_status(pid_t child);

 private:
  [[nodiscard]] Result<std::unique_ptr<Tree>> open_kind() const;

  Kind kind_ = Kind::kNative;
  std::unique_ptr<Tree> tree_;
  std::vector<pid_t> children_;
};

}  // namespace warren::cgroup
