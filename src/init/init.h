// SPDX-License-Identifier: Apache-2.0
//
// The life of an init: one thread, one epoll, no allocation. It builds a sandbox from a plan,
// starts commands when told, moves their output to disk, reaps, records exits before it reports
// them, and goes on when the engine is gone.

#pragma once

#include <cstdint>
#include <optional>

#include "init/channel.h"
#include "init/dials.h"
#include "init/order.h"
#include "init/process.h"

namespace warren::init {

class Init {
 public:
  // Takes the first message from `control`, builds the sandbox and starts its command.
  // Returns false when that failed; the failure has been reported and recorded then.
  [[nodiscard]] bool launch(os::UniqueFd control) noexcept;

  // Serves until the sandbox ends. Returns init's own exit status.
  [[nodiscard]] int run() noexcept;

 private:
  [[nodiscard]] os::KernelResult<> open_loop() noexcept;
  [[nodiscard]] bool watch(int fd, std::uint32_t tag, std::uint32_t events) noexcept;
  void unwatch(int fd) noexcept;
  void watch_output(Process& process) noexcept;
  void close_pipe(Stream& stream) noexcept;

  void serve(std::uint32_t tag) noexcept;
  void serve_control() noexcept;
  void serve_listener() noexcept;
  void serve_children() noexcept;
  void serve_calls() noexcept;
  void serve_dial(std::size_t place) noexcept;
  void serve_output(std::size_t pipe) noexcept;

  void take_launch_descriptors(os::Received& received, const plan::Start& order) noexcept;
  [[nodiscard]] StepResult<> build(const plan::Start& order) noexcept;
  void start_another(os::Received& received, const plan::Start& order) noexcept;
  [[nodiscard]] StepResult<> start_process(plan::Reader& reader, const plan::Start& order,
                                           std::uint32_t index) noexcept;
  void signal_process(const plan::Signal& order) noexcept;
  void release_input(const plan::ReleaseInput& order) noexcept;
  void dial(const plan::Dial& order) noexcept;
  void watch_dial(std::size_t place) noexcept;
  void expect_calls(const plan::Accept& order) noexcept;
  void stop_accepting() noexcept;
  void forget_engine() noexcept;
  void lose_engine() noexcept;
  void obey(const Order& order, os::Received& received) noexcept;
  void report_state() noexcept;

  void reaped(const os::Reaped& child) noexcept;
  void outlived_all() noexcept;
  [[nodiscard]] bool kill_all() noexcept;
  void end_sandbox() noexcept;
  void finish(Process& process, int wait_status, plan::WallClock at) noexcept;

  Sandbox sandbox_;
  Processes processes_;
  Dials dials_;
  Channel channel_;
  os::UniqueFd epoll_;
  os::UniqueFd child_signals_;
  LaunchTimes times_;
  std::uint32_t wanted_calls_ = 0;  // Connections that the engine still asks for.

  // The command whose end is the sandbox's, and how it ended once it has.
  std::uint32_t leader_ = 0;
  struct End {
    int wait_status;
    plan::WallClock at;
  };
  std::optional<End> leader_end_;
  plan::Op why_ended_{};  // kEndWithEngine once that has made init end everything.
  bool quit_ = false;
};

}  // namespace warren::init
