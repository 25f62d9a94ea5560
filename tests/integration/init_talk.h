// SPDX-License-Identifier: Apache-2.0
//
// Words of the conversation with an init that several tests use.

#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "os/file.h"
#include "tests/support/init_partner.h"

namespace warren::test {

inline constexpr std::uint32_t kAllPipes = 1 + 2 + plan::kInputPipe;
inline constexpr std::uint32_t kCommand = 1;  // Its number.

inline plan::LaunchPlan plan_of_shell(const std::string& script) {
  return plan_for({"/bin/sh", "-c", script});
}

inline plan::LaunchPlan plan_of_python(const std::string& script) {
  return plan_for({"/usr/bin/python3", "-c", "import os, socket, sys\n" + script});
}

inline void write_to(const os::UniqueFd& fd, std::string_view text) {
  EXPECT_TRUE(os::write_all(fd.get(), std::as_bytes(std::span(text))));
}

// What comes until the other end closes.
inline std::string read_all(const os::UniqueFd& fd) {
  std::string text;
  std::array<char, 256> part;
  for (;;) {
    pollfd ready{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 120'000) != 1) return text + " (and no end)";
    const ssize_t count = ::read(fd.get(), part.data(), part.size());
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

inline Heard<plan::StartedEvent> hear_started(InitPartner& init) {
  return init.hear<plan::StartedEvent>(plan::MessageType::kStarted);
}

// The write end of the command's input, which is the last but for an output event.
inline os::UniqueFd input_of(Heard<plan::StartedEvent> started) {
  EXPECT_EQ(started.message.pipes & plan::kInputPipe, plan::kInputPipe);
  return std::move(started.fds.back());
}

inline int hear_exit(InitPartner& init) {
  const auto exited = init.hear<plan::ExitedEvent>(plan::MessageType::kExited);
  EXPECT_EQ(exited.message.process, kCommand);
  return exited.message.wait_status;
}

}  // namespace warren::test
