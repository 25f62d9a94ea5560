// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/connection.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "client/remote/relay/connection_error.h"
#include "client/remote/relay/server_name.h"
#include "wire/codec.h"

namespace warren::relay {
namespace {

using client::Target;
using Clock = std::chrono::system_clock;

constexpr std::chrono::seconds kPatience{20};
// gRPC's servers take no more pings than one in five minutes as long as nothing else is said.
constexpr int kPingEveryMs = 310'000;
constexpr int kPingPatienceMs = 20'000;
// Of an answer, so that it fits into a frame with what else is in there.
constexpr int kLargestAnswer = static_cast<int>(wire::kLargestFrame) - (64 << 10);

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const Target& target,
                                                         const std::string& host) {
  namespace tls = grpc::experimental;
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(
      target.authority, std::vector<tls::IdentityKeyCertPair>{{target.key, target.certificate}}));
  options.watch_identity_key_cert_pairs();
  // Our verifier asks for the name; gRPC's own check of each call would insist on the address.
  options.set_check_call_host(false);
  if (target.insecure) {
    options.set_verify_server_certs(false);
    options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
  } else {
    options.watch_root_certs();
    options.set_certificate_verifier(require_name_of(host));
  }
  return tls::TlsCredentials(options);
}

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingPatienceMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetUserAgentPrefix("warren-remote");
  return arguments;
}

// A channel does not say why it has no connection, but a call on it does.
std::string why_not(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(Clock::now() + kPatience);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer answer;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &answer,
                 [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  return ended.get_future().get().error_message();
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> connect(const Target& target) {
  const client::Address address = WARREN_TRY(client::parse_address(target.address));
  auto channel = grpc::CreateCustomChannel(
      "dns:///" + to_text(address), credentials_of(target, address.host), channel_arguments());
  const auto deadline = Clock::now() + kPatience;
  for (;;) {
    const grpc_connectivity_state state = channel->GetState(true);
    if (state == GRPC_CHANNEL_READY) return channel;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      return std::unexpected(connection_error(target.address, why_not(channel)));
    }
    if (!channel->WaitForStateChange(state, deadline)) {
      return fail(Errc::kUnavailable, "{}: no answer within {} s", target.address,
                  kPatience.count());
    }
  }
}

}  // namespace warren::relay
