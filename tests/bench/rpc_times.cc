// SPDX-License-Identifier: Apache-2.0
//
// Times calls through the gateway, and the same calls on the engine's own socket. Prints a line for
// each: the microseconds it took. `log` reads a whole log each time and adds its bytes.
//
// usage: rpc_times gateway ADDRESS CERTS get|log COUNT NODE
//        rpc_times gateway ADDRESS CERTS start|connect COUNT
//        rpc_times socket PATH get COUNT NODE
//        rpc_times socket PATH start COUNT
//
// CERTS has ca.crt, client.crt and client.key. `start` ends when the job has been accepted and its
// rows are durable. `connect` makes a connection of its own each time: TCP, TLS 1.3 with both
// certificates, and HTTP/2's settings.

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "joblet/v2_10.pb.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/methods.h"

namespace warren::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string action;
  int count = 0;
  std::string node;
};

v1::NodeRequest get_request(const std::string& node) {
  v1::NodeRequest request;
  request.set_node(node);
  return request;
}

v1::RunRequest start_request() {
  v1::RunRequest request;
  request.set_detach(true);
  request.mutable_spec()->add_argv("/bin/true");
  return request;
}

void print_time(Clock::time_point began, std::string_view more = "") {
  const std::chrono::duration<double, std::micro> took = Clock::now() - began;
  fmt::print("{:.1f}{}\n", took.count(), more);
}

class Gateway {
 public:
  Gateway(std::string address, const std::filesystem::path& certs)
      : address_(std::move(address)),
        credentials_(grpc::SslCredentials({.pem_root_certs = read(certs / "ca.crt"),
                                           .pem_private_key = read(certs / "client.key"),
                                           .pem_cert_chain = read(certs / "client.crt")})),
        channel_(new_channel()),
        stub_(channel_) {}

  Result<> get(const Options& options) {
    std::string answer;
    return exchange("/warren.v1.Engine/Get", get_request(options.node).SerializeAsString(), answer);
  }

  // Run ends after its one answer, which makes it look like a call with one.
  Result<> start(const Options& /*options*/) {
    std::string answer;
    return exchange("/warren.v1.Engine/Run", start_request().SerializeAsString(), answer);
  }

  Result<> connect(const Options& /*options*/) {
    const auto channel = new_channel();
    if (channel->WaitForConnected(std::chrono::system_clock::now() + kPatience)) return {};
    return fail(Errc::kUnavailable, "no connection to {}", address_);
  }

  // How many bytes there were.
  Result<std::uint64_t> log(const Options& options) {
    face::joblet::v2_10::GetJobLogsReq request;
    request.set_id(options.node);
    grpc::ClientContext context;
    const auto call = stub_.PrepareCall(&context, "/joblet.JobletService/GetJobLogs", &queue_);
    call->StartCall(this);
    WARREN_TRY(wait());
    call->WriteLast(to_buffer(request.SerializeAsString()), {}, this);
    WARREN_TRY(wait());
    std::uint64_t size = 0;
    grpc::ByteBuffer chunk;
    for (call->Read(&chunk, this); wait(); call->Read(&chunk, this)) size += chunk.Length();
    grpc::Status status;
    call->Finish(&status, this);
    WARREN_TRY(wait());
    WARREN_TRY(check(status));
    return size;
  }

 private:
  static constexpr std::chrono::seconds kPatience{30};

  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static grpc::ByteBuffer to_buffer(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return {&slice, 1};
  }

  static Result<> check(const grpc::Status& status) {
    if (status.ok()) return {};
    return fail(Errc::kInternal, "{} ({})", status.error_message(),
                static_cast<int>(status.error_code()));
  }

  // Not one that the library still has open.
  std::shared_ptr<grpc::Channel> new_channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address_, credentials_, arguments);
  }

  Result<> wait() {
    void* tag = nullptr;
    bool done = false;
    if (queue_.Next(&tag, &done) && done) return {};
    return fail(Errc::kUnavailable, "the call has ended");
  }

  Result<> exchange(const std::string& path, const std::string& request, std::string& answer) {
    grpc::ClientContext context;
    const auto call = stub_.PrepareUnaryCall(&context, path, to_buffer(request), &queue_);
    grpc::ByteBuffer buffer;
    grpc::Status status;
    call->StartCall();
    call->Finish(&buffer, &status, this);
    WARREN_TRY(wait());
    WARREN_TRY(check(status));
    grpc::Slice slice;
    if (!buffer.DumpToSingleSlice(&slice).ok()) return fail(Errc::kInternal, "an empty answer");
    answer.assign(slice.begin(), slice.end());
    return {};
  }

  std::string address_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
};

// The engine's own socket.
class Socket {
 public:
  explicit Socket(wire::ClientChannel channel) : channel_(std::move(channel)) {}

  Result<> get(const Options& options) {
    WARREN_TRY(channel_.exchange(wire::kGet, get_request(options.node)));
    return {};
  }
  Result<> start(const Options& /*options*/) {
    WARREN_TRY(channel_.exchange(wire::kRun, start_request()));
    return {};
  }

 private:
  wire::ClientChannel channel_;
};

// Once more than is counted: the first call fills caches, and connects.
template <typename Target>
Result<> repeat(Target& target, Result<> (Target::*call)(const Options&), const Options& options) {
  for (int round = 0; round <= options.count; ++round) {
    const auto began = Clock::now();
    WARREN_TRY((target.*call)(options));
    if (round > 0) print_time(began);
  }
  return {};
}

Result<> repeat_log(Gateway& gateway, const Options& options) {
  for (int round = 0; round < options.count; ++round) {
    const auto began = Clock::now();
    const std::uint64_t size = WARREN_TRY(gateway.log(options));
    print_time(began, fmt::format(" {}", size));
  }
  return {};
}

Result<> run_on_gateway(Gateway gateway, const Options& options) {
  if (options.action == "get") return repeat(gateway, &Gateway::get, options);
  if (options.action == "start") return repeat(gateway, &Gateway::start, options);
  if (options.action == "connect") return repeat(gateway, &Gateway::connect, options);
  if (options.action == "log") return repeat_log(gateway, options);
  return fail(Errc::kInvalidArgument, "no action {}", options.action);
}

Result<> run_on_socket(Socket socket, const Options& options) {
  if (options.action == "get") return repeat(socket, &Socket::get, options);
  if (options.action == "start") return repeat(socket, &Socket::start, options);
  return fail(Errc::kInvalidArgument, "no action {}", options.action);
}

Result<> run(std::span<char*> arguments) {
  const std::string_view where = arguments.size() > 1 ? arguments[1] : "";
  const std::size_t places = where == "gateway" ? 2 : 1;
  if (arguments.size() < places + 4) {
    return fail(Errc::kInvalidArgument,
                "usage: rpc_times gateway ADDRESS CERTS | socket PATH, ACTION COUNT [NODE]");
  }
  const auto rest = arguments.subspan(2 + places);
  const Options options{
      .action = rest[0], .count = std::atoi(rest[1]), .node = rest.size() > 2 ? rest[2] : ""};
  if (where == "gateway") return run_on_gateway(Gateway(arguments[2], arguments[3]), options);
  return run_on_socket(Socket(WARREN_TRY(wire::ClientChannel::connect(arguments[2]))), options);
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) {
  const auto result = warren::bench::run(std::span(argv, static_cast<std::size_t>(argc)));
  if (!result) fmt::print(stderr, "rpc_times: {}\n", result.error().message);
  return result ? 0 : 1;
}
