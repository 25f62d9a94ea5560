// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::client {

// The signals that belong to the job in the foreground, as something to poll(2).
class SignalSource {
 public:
  // From here on they no longer end this program.
  [[nodiscard]] static Result<SignalSource> open();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // The next one that has arrived, if any.
  [[nodiscard]] std::optional<int> next() const;

 private:
  explicit SignalSource(os::UniqueFd fd) : fd_(std::move(fd)) {}

  os::UniqueFd fd_;
};

// Whether a signal asks a program that serves to end.
[[nodiscard]] bool asks_to_end(int signal) noexcept;

}  // namespace warren::client
