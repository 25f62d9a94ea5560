// SPDX-License-Identifier: Apache-2.0
//
// TLS as the gateway speaks it: who connects shows a certificate of our authority, or none. Those
// without one are turned away by call, with a code that says so.

#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace warren::gateway {

// Over ca.crt, server.crt and server.key in `directory`, looked at again every second. From here on
// the process speaks TLS 1.3 alone; nothing in it may have used OpenSSL before. Fails with
// kFailedPrecondition when there are no certificates now.
[[nodiscard]] Result<std::shared_ptr<grpc::ServerCredentials>> credentials_from(
    const std::filesystem::path& directory);

}  // namespace warren::gateway
