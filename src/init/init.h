// SPDX-License-Identifier: Apache-2.0
//
// The life of an init: one thread, one epoll, no allocation. It builds a sandbox from a plan,
// starts commands when told, moves their output to disk, reaps, records exits before it reports
// them, and goes on when the engine is gone.

#pragma once

#include <cstdint>
#include <optional>

#include "init/process.h"
#include "os/socket.h"

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
  [[nodiscard]] bool watch(int fd, std::uint32_t tag) noexcept;
  void watch_output(Process& process) noexcept;
  void close_pipe(Stream& stream) noexcept;

  void serve(std::uint32_t tag) noexcept;
  void serve_control() noexcept;
  void serve_listener() noexcept;
  void serve_children() noexcept;
  void serve_output(std::uint32_t tag) noexcept;

  void take_launch_descriptors(os::Received& received, const plan::Start& order) noexcept;
  [[nodiscard]] StepResult<> build(const plan::Start& order) noexcept;
  void start_another(os::Received& received, const plan::Start& order) noexcept;
  [[nodiscard]] StepResult<> start_process(plan::Reader& reader, const plan::Start& order,
                                           std::uint32_t index) noexcept;
  void signal_process(const plan::Signal& order) noexcept;
  void report_state() noexcept;

  void reaped(const os::Reaped& child) noexcept;
  void end_sandbox() noexcept;
  void finish(Process& process, int wait_status, plan::WallClock at) noexcept;

  void send_started(const Process& process) noexcept;
  void send_failed(std::uint32_t process, const Failure& failure) noexcept;
  void send(std::span<const std::byte> message, std::span<const int> fds) noexcept;

  Sandbox sandbox_;
  Processes processes_;
  os::UniqueFd control_;
  os::UniqueFd epoll_;
  os::UniqueFd child_signals_;

  std::uint64_t began_ns_ = 0;
  std::uint64_t built_ns_ = 0;
  std::uint64_t spawned_ns_ = 0;

  // The command whose end is the sandbox's, and how it ended once it has.
  std::uint32_t leader_ = 0;
  struct End {
    int wait_status;
    plan::WallClock at;
  };
  std::optional<End> leader_end_;
  bool quit_ = false;
};

}  // namespace warren::init
