// SPDX-License-Identifier: Apache-2.0
//
// Waiting for what only the kernel can tell.

#pragma once

#include <fmt/format.h>
#include <sched.h>
#include <sys/types.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

namespace warren::test {

// As /proc has it: 'S' for one that sleeps, 'Z' for one that has ended.
inline char state_of(pid_t pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  const std::string text(std::istreambuf_iterator<char>(stat), {});
  const auto name = text.rfind(')');
  return name == text.npos ? '?' : text.at(name + 2);
}

// Waits until `is_so`, for 20 seconds at most.
template <typename Condition>
[[nodiscard]] bool eventually(Condition is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::sched_yield();
  }
  return true;
}

}  // namespace warren::test
