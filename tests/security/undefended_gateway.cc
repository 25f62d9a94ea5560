// SPDX-License-Identifier: Apache-2.0
//
// The gateway's parts put together without what keeps strangers out: any version of TLS, anybody's
// certificate, no bound of connections, none of what they send. Attacks that fail against
// the gateway succeed here. Serves the engine's own methods alone, and is never installed.

#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/directory_path.h"
#include "gateway/config.h"
#include "gateway/edge/door.h"
#include "gateway/edge/tls_context.h"
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

int believe(X509_STORE_CTX* shown, void* /*data*/) {
  ::X509_STORE_CTX_set_error(shown, X509_V_OK);
  return 1;
}

// Of TLS what OpenSSL has by itself.
TlsContext credulous(const std::filesystem::path& directory) {
  TlsContext context(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free);
  const std::string certificate = directory / "server.crt";
  const std::string key = directory / "server.key";
  if (::SSL_CTX_use_certificate_file(context.get(), certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return nullptr;
  }
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_cert_verify_callback(context.get(), believe, nullptr);
  require_http2(*context);
  return context;
}

Door::Bounds no_bounds() {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  constexpr StreamQuota::Bounds kAnyStreams{.streams = kAny, .unseen = Patience::kEndless};
  return {.connections = {.all = kAny, .unknown = kAny},
          .connections_of_client = kAny,
          .frames = {.streams = kAnyStreams,
                     .header_block = kAny,
                     .header_frames = kAny,
                     .resets = Patience::kEndless,
                     .settings = Patience::kEndless,
                     .pings = Patience::kEndless,
                     .idle = Patience::kEndless,
                     .small = Patience::kEndless},
          .client = kAnyStreams,
          .all = kAnyStreams};
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
      .tls = [context = credulous(directory / "tls/current")] { return context; },
      .bounds = no_bounds()};
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
