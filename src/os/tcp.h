// SPDX-License-Identifier: Apache-2.0
//
// What the kernel knows of a TCP connection.

#pragma once

#include <cstdint>

#include "os/errno.h"

namespace warren::os {

// TCP_INFO: how many bytes the other end has sent, read or not.
[[nodiscard]] KernelResult<std::uint64_t> received_bytes(int socket) noexcept;

// TCP_NODELAY: what is written is sent at once.
[[nodiscard]] KernelResult<> send_without_delay(int socket) noexcept;

}  // namespace warren::os
