// SPDX-License-Identifier: Apache-2.0
//
// Warren's other programs as children of this one.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::client {

// How a program says that it serves: with its first line.
enum class SaysOn : std::uint8_t {
  kStdout,           // It also has our standard error.
  kThree,            // Descriptor 3. It has a log of its own, and nowhere else to write to.
  kThreeWithErrors,  // Descriptor 3. It logs to our standard error.
};

// Whether this program's end is its own: it then gets SIGTERM, whatever has ended this one.
enum class EndsWithUs : bool { kNo, kYes };

struct ChildOrder {
  std::string program;                 // As os::Program::find() finds it.
  std::vector<std::string> arguments;  // Without its name.
  std::vector<std::string> environment;
  SaysOn says_on;
  EndsWithUs ends_with_us;
};

class Child {
 public:
  // In a session of its own and in the root directory, without input, without signals that are
  // blocked or ignored, and without any other descriptor.
  [[nodiscard]] static Result<Child> start(ChildOrder order);

  // Ready to read once it has ended.
  [[nodiscard]] int fd() const noexcept { return pidfd_.get(); }

  // Waits for the first line that it says, or for what there is of it when it says no more. One
  // that has not said it within `patience` is ended: kUnavailable.
  [[nodiscard]] Result<std::string> first_line(std::chrono::milliseconds patience);

  // The wait status, once; nothing while it lives.
  [[nodiscard]] std::optional<int> reap();

  // Waits until it has ended by itself; its wait status.
  [[nodiscard]] Result<int> wait();

  // Sends SIGTERM, and after `patience` SIGKILL; returns its wait status.
  [[nodiscard]] Result<int> end(std::chrono::milliseconds patience);

 private:
  Child(pid_t pid, os::UniqueFd pidfd, os::UniqueFd report)
      : pid_(pid), pidfd_(std::move(pidfd)), report_(std::move(report)) {}

  pid_t pid_;
  os::UniqueFd pidfd_;
  os::UniqueFd report_;
};

// "exited with 1", "was ended by signal 9": how a wait status reads behind a name.
[[nodiscard]] std::string end_text(int wait_status);

}  // namespace warren::client
