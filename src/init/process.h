// SPDX-License-Identifier: Apache-2.0
//
// The commands that init has started and what it owes them: their output, their exit, their record.

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "init/output.h"
#include "init/steps.h"
#include "os/process.h"
#include "plan/init_protocol.h"

namespace warren::init {

struct Failure {
  std::uint32_t step = 0;  // Index in the plan.
  plan::Op op{};
  os::Errno error{0};
};

template <typename T = void>
using StepResult = std::expected<T, Failure>;

// Performs the steps that `reader` still has up to and including `last` of them in all.
[[nodiscard]] StepResult<> perform_steps(Sandbox& sandbox, plan::Reader& reader,
                                         std::uint32_t count, std::uint32_t& index) noexcept;

struct Process {
  std::uint32_t number = 0;  // The engine's; 0 marks a free place.
  os::Child child;
  Output output;
  os::UniqueFd record;
  // Write end of its standard input, until an engine has handed it over or nobody wants it.
  os::UniqueFd input;
};

class Processes {
 public:
  static constexpr std::size_t kMost = 64;

  // Starts the command that the rest of the plan describes, with the descriptors in
  // `sandbox.slots`.
  [[nodiscard]] StepResult<Process*> start(Sandbox& sandbox, plan::Reader& reader,
                                           const plan::Start& order, std::uint32_t index) noexcept;

  [[nodiscard]] Process* find(std::uint32_t number) noexcept;
  [[nodiscard]] Process* find_by_pid(pid_t pid) noexcept;
  [[nodiscard]] std::array<Process, kMost>& all() noexcept { return processes_; }
  [[nodiscard]] std::uint32_t live() const noexcept;

 private:
  std::array<Process, kMost> processes_;
};

// Appends to a record file what has happened, before anybody is told.
void record_started(Process& process) noexcept;
void record_exited(Process& process, int wait_status, plan::WallClock at, plan::Op why) noexcept;
void record_failed(int record, const Failure& failure) noexcept;

}  // namespace warren::init
