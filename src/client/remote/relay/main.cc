// SPDX-License-Identifier: Apache-2.0
//
// warren-remote: the command line's end of gRPC. Serves native frames on standard input, on the
// machine that descriptor 3 describes, until the command line closes its end.

#include <grpc/support/log.h>
#include <grpcpp/generic/generic_stub.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "certs/tls_policy.h"
#include "client/remote/relay/connection.h"
#include "client/remote/relay/forward.h"
#include "client/remote/target.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sealed_file.h"
#include "wire/server.h"

namespace {

using namespace warren;

constexpr int kUsageError = 2;

// Nobody reads what the library says about peers; whatever matters is the status of a call.
void say_nothing(gpr_log_func_args*) {}

Result<client::Target> read_target() {
  const os::UniqueFd file(client::kTargetDescriptor);
  const os::SealedFile content =
      WARREN_TRY(os::context(os::SealedFile::map(file), "reading about the machine"));
  return client::target_from_bytes(
      {reinterpret_cast<const char*>(content.bytes().data()), content.bytes().size()});
}

Result<std::shared_ptr<grpc::Channel>> connect() {
  const client::Target target = WARREN_TRY(read_target());
  WARREN_TRY(certs::require_tls13());
  return relay::connect(target);
}

// Whoever calls learns why there is no connection in the place of a greeting.
wire::ServerOptions options_for(const Result<std::shared_ptr<grpc::Channel>>& channel) {
  wire::ServerOptions options;
  options.accepts_files = true;
  if (!channel) {
    options.admit = [error = channel.error()](const wire::Peer&) -> Result<> {
      return std::unexpected(error);
    };
  }
  return options;
}

[[noreturn]] void serve(os::UniqueFd socket) {
  const auto channel = connect();
  boost::asio::io_context loop{1};
  std::optional<grpc::GenericStub> stub;
  if (channel) stub.emplace(*channel);
  wire::Server server(loop.get_executor(), options_for(channel));
  server.handle_others([&](std::shared_ptr<wire::Call> call) {
    return relay::forward(std::move(call), *stub, loop.get_executor());
  });
  server.adopt(std::move(socket));
  loop.run();  // Ends when the command line has gone and all that it called has ended.
  ::_exit(0);  // Threads of the library may still use the loop, and need no farewell.
}

}  // namespace

int main() {
  os::name_this_process("warren-remote");
  if (!os::keep_memory_private()) return 1;
  // Nobody waits for this program: the process that was started leaves another one behind.
  const pid_t child = ::fork();
  if (child != 0) ::_exit(child < 0 ? 1 : 0);
  ::dup2(STDOUT_FILENO, STDERR_FILENO);  // Whoever listened there does so no longer.
  ::signal(SIGPIPE, SIG_IGN);
  ::gpr_set_log_function(say_nothing);
  if (!os::occupy_standard_streams()) return kUsageError;
  serve(os::UniqueFd(STDIN_FILENO));
}
