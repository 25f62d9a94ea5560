// SPDX-License-Identifier: Apache-2.0
//
// Bytes of frames and the descriptors that travel with them. Private to this module.

#pragma once

#include <cstddef>
#include <deque>
#include <span>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::wire {

// recvmsg(2) once; 0 at the end. What came with the bytes is appended to `descriptors`.
[[nodiscard]] os::KernelResult<std::size_t> receive_with_descriptors(
    int socket, std::span<char> bytes, std::deque<os::UniqueFd>& descriptors, int flags);

}  // namespace warren::wire
