// SPDX-License-Identifier: Apache-2.0

#include "engine/gateway_socket.h"

#include <utility>

#include "base/directory_path.h"
#include "engine/identities.h"
#include "engine/places.h"
#include "os/account.h"

namespace warren::engine {
namespace {

// One connection for each identity that calls.
constexpr std::size_t kConnections = 256;

Audience audience_of(const GatewayAccount& gateway) {
  return {.number = gateway.gid};
}

}  // namespace

Result<std::optional<GatewayAccount>> find_gateway(const std::string& user) {
  if (user.empty()) return std::nullopt;
  const Result<os::Account> account = os::find_unprivileged_account(user);
  if (!account && account.error().code == Errc::kNotFound) return std::nullopt;
  const auto [uid, gid] = WARREN_TRY(context(account, "gateway.user"));
  return GatewayAccount{.name = user, .uid = uid, .gid = gid};
}

std::filesystem::path gateway_dir(const std::filesystem::path& runtime_dir) {
  return gateway_directory(runtime_dir.native());
}

std::filesystem::path gateway_socket(const std::filesystem::path& runtime_dir) {
  return gateway_dir(runtime_dir) / "engine.sock";
}

Result<os::UniqueFd> listen_for_gateway(const std::filesystem::path& runtime_dir,
                                        const GatewayAccount& gateway) {
  const std::filesystem::path directory = gateway_dir(runtime_dir);
  WARREN_TRY(prepare_runtime(directory, audience_of(gateway)));
  return listen_in(directory, audience_of(gateway));
}

wire::ServerOptions options_for_gateway(const GatewayAccount& gateway, const Config& config) {
  wire::ServerOptions options;
  options.connections = options.connections_per_uid = kConnections;
  options.admit = [uid = gateway.uid](const wire::Peer& peer) -> Result<> {
    if (peer.uid == uid) return {};
    return fail(Errc::kPermissionDenied, "this socket is for the gateway alone");
  };
  options.vouch = [&config](const wire::Peer& peer) -> Result<> {
    if (!peer.on_behalf_of) {
      return fail(Errc::kInvalidArgument, "on_behalf_of: missing, and required on this socket");
    }
    const auto caller = identify(*peer.on_behalf_of, config);
    return caller ? Result<>() : std::unexpected(caller.error());
  };
  return options;
}

wire::ServerOptions options_for_all_but(const std::optional<GatewayAccount>& gateway) {
  wire::ServerOptions options;
  if (!gateway) return options;
  options.admit = [gateway = *gateway](const wire::Peer& peer) -> Result<> {
    if (peer.uid != gateway.uid) return {};
    return fail(Errc::kPermissionDenied, "the gateway's user {} has no role on this socket",
                gateway.name);
  };
  return options;
}

}  // namespace warren::engine
