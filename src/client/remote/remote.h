// SPDX-License-Identifier: Apache-2.0
//
// The way to a machine elsewhere: warren-remote, a process of its own, which alone knows gRPC and
// TLS and speaks native frames with us.

#pragma once

#include "base/result.h"
#include "client/remote/target.h"
#include "wire/client_channel.h"

namespace warren::client {

// Connects to the machine. A call's method is the gRPC path without its first slash, as in
// "joblet.JobletService/RunJob"; a request may be as large as the server takes, an answer as large
// as a frame. Fails with kUnavailable when nobody answers there, and with kPermissionDenied when
// whoever does is not the one we were told of; the sentence names the address. When the channel
// goes, its calls are cancelled.
[[nodiscard]] Result<wire::ClientChannel> open_remote(const Target& target);

}  // namespace warren::client
