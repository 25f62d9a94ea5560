// SPDX-License-Identifier: Apache-2.0
//
// How both client ends begin: connect, and greet. Private to this module.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/errno.h"
#include "os/unique_fd.h"
#include "warren/v1/frame.pb.h"

namespace warren::wire {

enum class Blocking : bool { kNo, kYes };

// Nothing when the server's queue of connections is full, which only a socket that does not block
// is told. Fails with kNotFound when there is no socket, with kUnavailable when nobody listens.
[[nodiscard]] Result<std::optional<os::UniqueFd>> connect_socket(const std::string& path,
                                                                 Blocking blocking);

// A client's first frame.
[[nodiscard]] v1::Frame greeting(std::optional<v1::OnBehalfOf> on_behalf_of = {});

// Of call 0, from the server: its greeting, or the reason why it hangs up.
[[nodiscard]] Result<> check_greeting(const v1::Frame& frame);

}  // namespace warren::wire
