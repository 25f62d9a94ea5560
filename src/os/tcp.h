// SPDX-License-Identifier: Apache-2.0
//
// TCP connections.

#pragma once

#include "os/errno.h"

namespace warren::os {

// TCP_NODELAY: what is written is sent at once.
[[nodiscard]] KernelResult<> send_without_delay(int socket) noexcept;

// TCP_QUICKACK, now: the other end may be waiting for that before it sends what is small.
[[nodiscard]] KernelResult<> acknowledge_now(int socket) noexcept;

// SO_LINGER of no time: what is under way is dropped when it is closed, and the other end told.
[[nodiscard]] KernelResult<> drop_when_closed(int socket) noexcept;

}  // namespace warren::os
