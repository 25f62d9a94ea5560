// SPDX-License-Identifier: Apache-2.0
//
// Connections to ports of the sandbox's own loopback that are being made. What listens there is
// the workload: it may refuse, or never answer. Nothing here waits for it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "os/errno.h"
#include "os/unique_fd.h"
#include "plan/init_protocol.h"

namespace warren::init {

class Dials {
 public:
  // Begins one and returns its place. Its socket becomes writable when there is news.
  // EAGAIN: as many are being made as there may be.
  [[nodiscard]] os::KernelResult<std::size_t> begin(const plan::Dial& order) noexcept;

  // What has become of the one at `place`, whose socket is writable.
  enum class News : std::uint8_t {
    kGoesOn,     // At the other address, by another socket.
    kConnected,  // take() has it.
    kFailed,     // take() says why.
  };
  [[nodiscard]] News advance(std::size_t place) noexcept;

  // Frees the place. The socket is non-blocking.
  [[nodiscard]] os::KernelResult<os::UniqueFd> take(std::size_t place) noexcept;

  // Gives up all of them.
  void clear() noexcept;

  [[nodiscard]] int socket(std::size_t place) const noexcept;
  [[nodiscard]] std::uint32_t request(std::size_t place) const noexcept;

 private:
  enum class Address : std::uint8_t { kIpv4, kIpv6 };
  struct One {
    bool busy = false;
    std::uint32_t request = 0;
    std::uint16_t port = 0;
    Address address = Address::kIpv4;
    os::UniqueFd socket;
    os::Errno error{0};
  };

  [[nodiscard]] static os::KernelResult<os::UniqueFd> connect(Address address,
                                                              std::uint16_t port) noexcept;
  [[nodiscard]] static bool try_ipv6(One& one, os::Errno error) noexcept;

  std::array<One, plan::kMostDials> all_;
};

}  // namespace warren::init
