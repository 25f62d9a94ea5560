// SPDX-License-Identifier: Apache-2.0
//
// warren-gateway: puts the gateway together and runs its loop.

#include <google/protobuf/stubs/logging.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/directory_path.h"
#include "certs/tls_policy.h"
#include "gateway/config.h"
#include "gateway/connections.h"
#include "gateway/edge/door.h"
#include "gateway/edge/tls_context.h"
#include "gateway/endpoint.h"
#include "gateway/forward.h"
#include "gateway/harden.h"
#include "gateway/joblet/joblet_methods.h"
#include "gateway/jobworker/jobworker_methods.h"
#include "gateway/limited_log.h"
#include "gateway/links.h"
#include "gateway/options.h"
#include "gateway/rpc/server.h"
#include "os/account.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

// How long the calls there are may go on when the gateway is told to end.
constexpr std::chrono::seconds kGrace{2};

// Beside gRPC's: two uploads that are being passed on, the output of clients, threads.
constexpr std::uint64_t kOwnMemory = std::uint64_t{512} << 20;

// What root alone may have to read, or know.
struct Setup {
  Options options;
  Config config;
  os::Account account;
};

Result<Setup> prepare(Options options) {
  Config config = WARREN_TRY(load_config(options.config_file));
  if (options.user) config.user = *options.user;
  if (options.listen) config.listen = *options.listen;
  if (config.listen.empty()) {
    return fail(Errc::kFailedPrecondition, "gateway.listen is empty: there is nothing to do");
  }
  const os::Account account = WARREN_TRY(os::find_unprivileged_account(config.user));
  return Setup{std::move(options), std::move(config), account};
}

Methods all_methods() {
  Methods all = joblet_methods();
  std::ranges::move(jobworker_methods(), std::back_inserter(all));
  return all;
}

// What the engine does not have either, it says itself.
Method passed_on() {
  return {.path = "/warren.v1.", .face = model::Face::kWarren, .handler = forward};
}

void shut_down_on_signals(asio::signal_set& signals, Server& server, asio::io_context& loop) {
  signals.async_wait([&](const boost::system::error_code& cancelled, int /*number*/) {
    if (!cancelled) server.shut_down(kGrace, [&loop] { loop.stop(); });
  });
}

Result<> serve(const Setup& setup, os::UniqueFd listening) {
  const Endpoint endpoint = WARREN_TRY(local_endpoint(listening.get()));
  const std::filesystem::path directory = gateway_directory(setup.options.runtime_dir.native());
  StagedTls tls = WARREN_TRY(StagedTls::open(directory / "tls/current", steady_clock::now()));

  asio::io_context loop(1);
  asio::signal_set signals(loop, SIGTERM, SIGINT);
  Links links(directory / "engine.sock");
  ServerOptions options{
      .methods = all_methods(),
      .others = passed_on(),
      .connect = [&links](Identity client,
                          model::Face face) { return links.to(std::move(client), face); },
      .tls = [&tls] { return tls.current(steady_clock::now()); },
      .max_memory = setup.config.max_memory};
  const auto server =
      WARREN_TRY(Server::start(loop.get_executor(), std::move(listening), std::move(options)));
  shut_down_on_signals(signals, *server, loop);
  WARREN_TRY(restrict_calls());
  fmt::print("listening on {}\n", to_text(endpoint));
  std::fflush(stdout);
  loop.run();
  return {};
}

int complain(const Error& error, int status) {
  log_limited(error.message);
  return status;
}

// Where it may open too few, connections wait to be accepted, and answers fail: whoever runs it
// should hear of that before its clients do.
void complain_of_few_descriptors() {
  constexpr rlim_t kNeeded = Door::kDescriptorsOfConnection * Connections::Bounds().all + 1024;
  rlimit limit{};
  const auto known = os::call([&] { return ::getrlimit(RLIMIT_NOFILE, &limit); });
  if (!known || limit.rlim_cur >= kNeeded) return;
  log_limited(
      fmt::format("{} files may be open, and all connections need {}", limit.rlim_cur, kNeeded));
}

Result<> run_gateway(Options options) {
  const Setup setup = WARREN_TRY(prepare(std::move(options)));
  WARREN_TRY(certs::require_tls13());
  const Endpoint wanted = WARREN_TRY(parse_endpoint(setup.config.listen));
  os::UniqueFd listening = WARREN_TRY(listen_at(wanted));  // A port below 1024 is root's to give.
  WARREN_TRY(drop_privileges(setup.account));
  WARREN_TRY(os::context(os::raise_descriptor_limit(), "raising the limit of open files"));
  complain_of_few_descriptors();
  WARREN_TRY(limit_memory(Bytes{setup.config.max_memory.value + kOwnMemory}));
  return serve(setup, std::move(listening));
}

int run(std::span<char* const> arguments) {
  os::name_this_process("warren-gateway");
  clear_environment();
  google::protobuf::SetLogHandler(nullptr);  // What a client sends amiss is answered, and no news.
  if (const auto occupied = os::occupy_standard_streams(); !occupied) return 1;
  std::signal(SIGPIPE, SIG_IGN);
  Result<Options> options = parse_options(arguments);
  if (!options) return complain(options.error(), 2);
  if (options->shows_help) {
    fmt::print("{}", usage_text());
    return 0;
  }
  const Result<> done = run_gateway(*std::move(options));
  return done ? 0 : complain(done.error(), 1);
}

}  // namespace
}  // namespace warren::gateway

// An exception, for lack of memory, ends the program where it is: whoever unwound it would wait for
// calls that nobody answers any more.
int main(int count, char** arguments) {
  return warren::gateway::run(std::span<char* const>(arguments, static_cast<std::size_t>(count)));
}
