// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/call_limit.h"
#include "gateway/call_scope.h"
#include "gateway/permits.h"
#include "gateway/rpc/grpc_stream.h"
#include "gateway/rpc/library.h"
#include "loop/task.h"
#include "wire/status.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

constexpr std::size_t kLargeRequests = 2;
constexpr std::chrono::seconds kLargeRequestTime{120};

// Answers that are made of all jobs.
constexpr std::size_t kGatherings = 8;
constexpr std::chrono::seconds kGatheringRequestTime{10};

// Large answers that wait to be read. What they were made of may be there as well.
constexpr std::size_t kLargeAnswersOfClient = 64;
constexpr std::size_t kLargeAnswersOfAll = 96;

// Calls that are not over, reset or not. Through all faces: the engine takes 256 of one.
constexpr std::size_t kCallsOfClient = 512;
constexpr std::size_t kCallsOfAll = 16 * 1024;

grpc::Status to_status(const Result<>& result) {
  if (result) return grpc::Status::OK;
  const std::uint32_t code = wire::to_status_code(result.error().code);
  return {static_cast<grpc::StatusCode>(code), result.error().message};
}

std::unexpected<grpc::Status> refused(grpc::StatusCode code, const char* reason) {
  return std::unexpected(grpc::Status(code, reason));
}

// Whoever makes a call, and the call's places among all that are open.
struct Client {
  Identity identity;
  std::vector<CallLimit::Place> places;
};

// A call that is over before it has begun.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }

 private:
  void OnDone() override { delete this; }
};

class GrpcServer final : public Server, private grpc::CallbackGenericService {
 public:
  GrpcServer(asio::any_io_executor loop, ServerOptions options)
      : loop_(std::move(loop)),
        door_(std::move(options.tls), options.bounds),
        connect_(std::move(options.connect)),
        others_(std::move(options.others)),
        permits_(loop_, kLargeRequests),
        gatherings_(loop_, kGatherings) {
    for (Method& method : options.methods) {
      std::string path = method.path;
      methods_.emplace(std::move(path), std::move(method));
    }
  }

  // Nothing comes to the library any more when that goes.
  ~GrpcServer() override {
    door_.close();
    door_.finish();
  }
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  [[nodiscard]] Result<> start(os::UniqueFd listening, Bytes max_memory);
  void shut_down(std::chrono::milliseconds grace, std::function<void()> done) override;

 private:
  // Called on a thread of the library's.
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  [[nodiscard]] std::expected<Client, grpc::Status> admit(
      const grpc::GenericCallbackServerContext& context);
  [[nodiscard]] std::expected<Identity, grpc::Status> identity_of(const std::string& peer);

  [[nodiscard]] Result<Room> make_room(const std::string& client);

  // Nothing where there is none.
  [[nodiscard]] const Method* find(std::string_view path) const;
  [[nodiscard]] asio::awaitable<void> serve(GrpcStream& stream, Identity client);
  [[nodiscard]] asio::awaitable<Result<>> answer(GrpcStream& stream, const Identity& client);
  [[nodiscard]] asio::awaitable<Result<>> handle(GrpcStream& stream, const Method& method,
                                                 const Identity& client);

  asio::any_io_executor loop_;
  Door door_;
  ConnectToEngine connect_;
  Method others_;
  Permits permits_;
  Permits gatherings_;
  CallLimit of_clients_{kCallsOfClient};
  CallLimit of_all_{kCallsOfAll};
  CallLimit large_of_clients_{kLargeAnswersOfClient};
  CallLimit large_of_all_{kLargeAnswersOfAll};
  std::map<std::string, Method, std::less<>> methods_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::jthread shutting_down_;
};

Result<> GrpcServer::start(os::UniqueFd listening, Bytes max_memory) {
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  grpc::ServerBuilder builder;
  set_bounds(builder, max_memory);
  builder.RegisterCallbackGenericService(this);
  // Who is at the other end is known, and has come to no socket that others can connect to.
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      Type::FROM_FD, grpc::InsecureServerCredentials());
  server_ = builder.BuildAndStart();
  if (!server_) return fail(Errc::kInternal, "the gRPC library could not be started");
  door_.open(std::move(listening), [this](os::UniqueFd socket) {
    Acceptor::NewConnectionParameters connection;
    connection.fd = socket.release();
    acceptor_->HandleNewConnection(&connection);
  });
  return {};
}

// The library waits for the calls in this, and they need the loop.
void GrpcServer::shut_down(std::chrono::milliseconds grace, std::function<void()> done) {
  door_.close();
  shutting_down_ = std::jthread([this, grace, end = std::move(done)]() mutable {
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    door_.finish();
    asio::post(loop_, std::move(end));
  });
}

grpc::ServerGenericBidiReactor* GrpcServer::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  auto client = admit(*context);
  if (!client) return new Refusal(client.error());
  auto begin = [this, identity = std::move(client->identity)](GrpcStream& stream) mutable {
    loop::spawn_at_once(loop_, serve(stream, std::move(identity)));
  };
  return GrpcStream::open(*context, loop_, std::move(client->places), std::move(begin));
}

std::expected<Client, grpc::Status> GrpcServer::admit(
    const grpc::GenericCallbackServerContext& context) {
  constexpr auto kTooMany = grpc::StatusCode::RESOURCE_EXHAUSTED;
  auto identity = identity_of(context.peer());
  if (!identity) return std::unexpected(identity.error());
  auto of_client = of_clients_.take(identity->name);
  if (!of_client) return refused(kTooMany, "you have too many calls open");
  auto of_all = of_all_.take("");
  if (!of_all) return refused(kTooMany, "too many calls are open");
  Client client{.identity = *std::move(identity), .places = {}};
  for (auto* const place : {&of_client, &of_all}) client.places.push_back(std::move(**place));
  return client;
}

// As the connection has shown it; whoever is not known is nobody.
std::expected<Identity, grpc::Status> GrpcServer::identity_of(const std::string& peer) {
  auto shown = door_.peers().see_call(peer);
  if (!shown) return refused(grpc::StatusCode::UNAVAILABLE, "the connection is over");
  if (!*shown) return refused(grpc::StatusCode::UNAUTHENTICATED, "a certificate is required");
  Result<Identity>& identity = **shown;
  if (!identity) return std::unexpected(to_status(std::unexpected(identity.error())));
  return std::move(*identity);
}

Result<Room> GrpcServer::make_room(const std::string& client) {
  auto of_client = large_of_clients_.take(client);
  auto of_all = large_of_all_.take("");
  if (!of_client || !of_all) {
    return fail(Errc::kResourceExhausted, "too many large answers wait to be read");
  }
  Room room;
  for (auto* const place : {&of_client, &of_all}) room.push_back(std::move(**place));
  return room;
}

// No frame to the engine can carry a name that is no text.
const Method* GrpcServer::find(std::string_view path) const {
  const auto method = methods_.find(path);
  if (method != methods_.end()) return &method->second;
  const bool is_text = std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~'; });
  return others_.handler && is_text && path.starts_with(others_.path) ? &others_ : nullptr;
}

asio::awaitable<void> GrpcServer::serve(GrpcStream& stream, Identity client) {
  const Result<> result = co_await answer(stream, client);
  stream.end(to_status(result));
}

asio::awaitable<Result<>> GrpcServer::answer(GrpcStream& stream, const Identity& client) {
  const Method* const method = find(stream.method());
  if (method == nullptr) co_return fail(Errc::kUnimplemented, "there is no such method");
  co_return co_await handle(stream, *method, client);
}

asio::awaitable<Result<>> GrpcServer::handle(GrpcStream& stream, const Method& method,
                                             const Identity& client) {
  ReadBounds bounds{.bytes = method.largest_request};
  std::optional<Permits::Permit> permit;
  if (method.largest_request > kLargestMessage) {
    permit.emplace(co_await permits_.acquire(client.name));
    bounds.time = kLargeRequestTime;
  } else if (method.gathers) {
    permit.emplace(co_await gatherings_.acquire(client.name));
    bounds.time = kGatheringRequestTime;
  }
  stream.make_room_by([this, name = client.name] { return make_room(name); });
  stream.set_bounds(bounds);
  auto engine = co_await connect_(client, method.face);
  if (!engine) co_return std::unexpected(std::move(engine).error());
  const std::shared_ptr<CallScope> scope = CallScope::over(*std::move(engine));
  stream.on_cancel([scope] { scope->cancel(); });
  Request request{.stream = stream, .engine = scope, .permit = std::move(permit)};
  co_return co_await method.handler(std::move(request));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const asio::any_io_executor& loop,
                                              os::UniqueFd listening, ServerOptions options) {
  keep_library();
  limit_library_log();
  const Bytes max_memory = options.max_memory;
  auto server = std::make_unique<GrpcServer>(loop, std::move(options));
  WARREN_TRY(server->start(std::move(listening), max_memory));
  return server;
}

}  // namespace warren::gateway
