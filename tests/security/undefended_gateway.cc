// SPDX-License-Identifier: Apache-2.0
//
// The gateway's parts put together without what keeps strangers out: any version of TLS, anybody's
// certificate, no bound of connections, none of what comes before a call. Attacks that fail against
// the gateway succeed here. Serves the engine's own methods alone, and is never installed.

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "base/directory_path.h"
#include "gateway/config.h"
#include "gateway/endpoint.h"
#include "gateway/forward.h"
#include "gateway/harden.h"
#include "gateway/links.h"
#include "gateway/options.h"
#include "gateway/rpc/server.h"
#include "os/account.h"
#include "os/file.h"

namespace warren::gateway {
namespace {

namespace tls = grpc::experimental;

std::shared_ptr<grpc::ServerCredentials> credulous(const std::filesystem::path& directory) {
  constexpr unsigned kSecondsBetweenLooks = 1;
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      directory / "server.key", directory / "server.crt", directory / "ca.crt",
      kSecondsBetweenLooks));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  return tls::TlsServerCredentials(options);
}

Listener::Bounds no_bounds() {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  return {.connections = {.all = kAny, .without_call = kAny}, .bytes_without_call = kAny};
}

Result<> serve(const Options& options) {
  const Config config = WARREN_TRY(load_config(options.config_file));
  const os::Account account = WARREN_TRY(os::find_unprivileged_account(config.user));
  WARREN_TRY(drop_privileges(account));
  const Endpoint wanted = WARREN_TRY(parse_endpoint(options.listen.value_or(config.listen)));
  os::UniqueFd listening = WARREN_TRY(listen_at(wanted));
  const Endpoint endpoint = WARREN_TRY(local_endpoint(listening.get()));
  const std::filesystem::path directory = gateway_directory(options.runtime_dir.native());
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGTERM);
  Links links(directory / "engine.sock");
  const auto connect = [&links](Identity client, model::Face face) {
    return links.to(std::move(client), face);
  };
  ServerOptions server_options{
      .methods = {},
      .others = {.path = "/warren.v1.", .face = model::Face::kWarren, .handler = forward},
      .connect = connect,
      .credentials = credulous(directory / "tls/current"),
      .connections = no_bounds()};
  const auto server = WARREN_TRY(
      Server::start(loop.get_executor(), std::move(listening), std::move(server_options)));
  signals.async_wait([&](const auto& /*failed*/, int /*number*/) {
    server->shut_down(std::chrono::milliseconds(0), [&loop] { loop.stop(); });
  });
  fmt::print("listening on {}\n", to_text(endpoint));
  std::fflush(stdout);
  loop.run();
  return {};
}

Result<> run(std::span<char* const> arguments) {
  const Options options = WARREN_TRY(parse_options(arguments));
  return serve(options);
}

}  // namespace
}  // namespace warren::gateway

int main(int count, char** arguments) {
  const auto done =
      warren::gateway::run(std::span<char* const>(arguments, static_cast<std::size_t>(count)));
  if (done) return 0;
  fmt::print(stderr, "undefended_gateway: {}\n", done.error().message);
  return 1;
}
