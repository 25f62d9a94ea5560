// SPDX-License-Identifier: Apache-2.0
//
// Bytes that one side of a session has given and the other has not yet taken. Empty, it has no
// memory. Pure.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace warren::gateway {

class Backlog {
 public:
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return std::span(bytes_).subspan(taken_);
  }

  // From here on it is `rest`: the end of bytes(), or anything where it was empty.
  void keep(std::span<const std::byte> rest) {
    if (rest.empty()) {
      bytes_ = {};
      taken_ = 0;
    } else if (empty()) {
      bytes_.assign(rest.begin(), rest.end());
    } else {
      taken_ = bytes_.size() - rest.size();
    }
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t taken_ = 0;
};

}  // namespace warren::gateway
