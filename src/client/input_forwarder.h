// SPDX-License-Identifier: Apache-2.0
//
// Carries this program's standard input to a job's, with its end, for a loop around poll(2).

#pragma once

#include <poll.h>

#include <array>
#include <cstddef>

#include "os/unique_fd.h"

namespace warren::client {

// Whether descriptor 0 has input to forward: it is open for reading and not /dev/null.
[[nodiscard]] bool has_input(int fd);

class InputForwarder {
 public:
  // Does not own `source`. The job's input ends when `pipe` is closed.
  InputForwarder(int source, os::UniqueFd pipe);

  // What to wait for; descriptors of -1 when it is done.
  [[nodiscard]] std::array<pollfd, 2> interests() const;
  // Advances as far as it goes without waiting, given what poll(2) said.
  void advance(const std::array<pollfd, 2>& ready);

  // Whether a part of the input has been carried, and its end has not been reached.
  [[nodiscard]] bool is_in_the_middle() const noexcept { return has_begun_ && !has_ended_; }

 private:
  void read_source();
  void write_pipe();
  void end() { pipe_.reset(); }

  int source_;
  os::UniqueFd pipe_;
  std::array<std::byte, 65536> bytes_;
  std::size_t begin_ = 0;  // Read and not yet written: [begin_, end_).
  std::size_t end_ = 0;
  bool has_begun_ = false;
  bool has_ended_ = false;
};

}  // namespace warren::client
