// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/sync_stream.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "gateway/edge/tls_client_fixture.h"
#include "gateway/endpoint.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

constexpr std::chrono::seconds kDeadline{60};
constexpr const char* kPath = "/test.Service/Call";

awaitable<Result<>> run_out_of_memory(Request) {
  throw std::bad_alloc();
  co_return Result<>{};
}

awaitable<Result<std::shared_ptr<wire::AsyncChannel>>> connect_to_nothing(Identity, model::Face) {
  co_return nullptr;
}

ServerOptions options_with(const TlsParties& parties, Handler handler) {
  const TlsContext context = make_tls_context(parties.files()).value();
  return {.methods = {{.path = kPath, .face = model::Face::kWarren, .handler = std::move(handler)}},
          .others = {},
          .connect = connect_to_nothing,
          .tls = [context] { return context; }};
}

// Waits for the status of a call, or long enough.
grpc::StatusCode call(const TlsParties& parties, const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("joblet");
  const auto credentials =
      grpc::SslCredentials({.pem_root_certs = parties.authority.pem().certificate,
                            .pem_private_key = parties.admin.key,
                            .pem_cert_chain = parties.admin.certificate});
  const auto channel = grpc::CreateCustomChannel(address, credentials, arguments);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  using Factory = grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>;
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      Factory::Create(channel.get(),
                      grpc::internal::RpcMethod(kPath, grpc::internal::RpcMethod::BIDI_STREAMING),
                      &context));
  stream->WritesDone();
  return stream->Finish().error_code();
}

// A whole program: a server, and a client that ends the program once its call is over. Nobody
// catches what leaves the loop, as in the gateway's own.
void serve_one_call(const Handler& handler) noexcept {
  const TlsParties parties;
  boost::asio::io_context loop{1};
  os::UniqueFd listening = listen_at(*parse_endpoint("127.0.0.1:0")).value();
  const std::string address = to_text(*local_endpoint(listening.get()));
  const auto server =
      Server::start(loop.get_executor(), std::move(listening), options_with(parties, handler));
  const std::jthread client([&] { std::_Exit(call(parties, address)); });
  const auto work = boost::asio::make_work_guard(loop);
  loop.run();
}

TEST(ServerDeathTest, EndsTheProgramWithAHandlerThatHasNoMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // Not what was thrown: a build with the thread sanitizer does not say that.
  EXPECT_DEATH(serve_one_call(run_out_of_memory), "terminate called");
}

}  // namespace
}  // namespace warren::gateway
