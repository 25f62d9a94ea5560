// SPDX-License-Identifier: Apache-2.0
//
// The socket on which the gateway, and nobody else, calls on behalf of those who have shown it a
// certificate. It lies in a directory of its own, so that the gateway does not reach the engine's.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/config.h"
#include "os/unique_fd.h"
#include "wire/server.h"

namespace warren::engine {

struct GatewayAccount {
  std::string name;
  uid_t uid;
  gid_t gid;
};

// Absent when `user` is empty or no account has that name (os/account.h): then there is no such
// socket. Fails for an account that must not speak for others.
[[nodiscard]] Result<std::optional<GatewayAccount>> find_gateway(const std::string& user);

[[nodiscard]] std::filesystem::path gateway_dir(const std::filesystem::path& runtime_dir);
[[nodiscard]] std::filesystem::path gateway_socket(const std::filesystem::path& runtime_dir);

// Makes the directory where it is missing, for root and the gateway's group, and listens in it. The
// caller holds the lock of `runtime_dir`.
[[nodiscard]] Result<os::UniqueFd> listen_for_gateway(const std::filesystem::path& runtime_dir,
                                                      const GatewayAccount& gateway);

// Lets in the gateway's user alone, root not excepted, and only with somebody to call for. `config`
// outlives the server.
[[nodiscard]] wire::ServerOptions options_for_gateway(const GatewayAccount& gateway,
                                                      const Config& config);

// Of the engine's own socket: whoever reaches it but the gateway, which has no role there.
[[nodiscard]] wire::ServerOptions options_for_all_but(const std::optional<GatewayAccount>& gateway);

}  // namespace warren::engine
