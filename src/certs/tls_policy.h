// SPDX-License-Identifier: Apache-2.0
//
// What every TLS connection of this process is held to, through OpenSSL's own configuration: the
// gRPC library has no setting for it. docs/adr/0018-tls-policy-by-openssl-configuration.md.

#pragma once

#include "base/result.h"

namespace warren::certs {

// From here on contexts of this process speak TLS 1.3 and nothing else, and a server hands out no
// tickets with which a session could outlive its certificate. Called before anything else uses
// OpenSSL. Configuration that the environment or the host names is not read, before or after.
[[nodiscard]] Result<> require_tls13();

}  // namespace warren::certs
