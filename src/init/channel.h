// SPDX-License-Identifier: Apache-2.0
//
// Init's side of the conversation with an engine. What cannot be said, because the engine is gone
// or does not read, it finds in the records.

#pragma once

#include <span>

#include "init/process.h"
#include "os/socket.h"
#include "plan/init_protocol.h"

namespace warren::init {

// Monotonic nanoseconds, for the engine that measures starts.
struct LaunchTimes {
  std::uint64_t began = 0;    // Init's first instruction.
  std::uint64_t built = 0;    // The sandbox stands.
  std::uint64_t spawned = 0;  // The latest command was spawned.
};

class Channel {
 public:
  void open(os::UniqueFd socket) noexcept { socket_ = static_cast<os::UniqueFd&&>(socket); }
  void close() noexcept { socket_.reset(); }
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  void tell_ready() noexcept;
  void tell_state(std::uint32_t live) noexcept;
  void tell_started(const Process& process, const LaunchTimes& times) noexcept;
  void tell_failed(std::uint32_t process, const Failure& failure) noexcept;
  void tell_exited(const Process& process, int wait_status, plan::WallClock at) noexcept;
  void tell_dialed(std::uint32_t request, const os::KernelResult<os::UniqueFd>& socket) noexcept;
  void tell_accepted(int connection) noexcept;

 private:
  template <typename T>
  void send(plan::MessageType type, T& message, std::span<const int> fds) noexcept;

  os::UniqueFd socket_;
};

}  // namespace warren::init
