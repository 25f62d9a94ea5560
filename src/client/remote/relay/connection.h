// SPDX-License-Identifier: Apache-2.0
//
// The connection to the remote server: TLS 1.3, with our certificate, and with one of the names
// that its own must have.

#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "base/result.h"
#include "client/remote/target.h"

namespace warren::relay {

// Waits until the connection stands, 20 s at most. Fails with kUnavailable when nobody answers and
// with kPermissionDenied when who answers is not who was meant.
[[nodiscard]] Result<std::shared_ptr<grpc::Channel>> connect(const client::Target& target);

}  // namespace warren::relay
