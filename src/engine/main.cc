// SPDX-License-Identifier: Apache-2.0
//
// warrend: puts the engine together and runs its loop.

#include <fcntl.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/error_code.hpp>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "engine/engine.h"
#include "engine/options.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"
#include "provider/local/local_provider.h"
#include "wire/startup.h"

namespace warren::engine {
namespace {

// Says once, to whoever started this engine, whether it serves.
class ReadyReport {
 public:
  explicit ReadyReport(os::UniqueFd descriptor) : descriptor_(std::move(descriptor)) {
    // Inherited, but not to be passed on to what the engine starts.
    if (descriptor_) ::fcntl(descriptor_.get(), F_SETFD, FD_CLOEXEC);
  }

  void send(const Result<>& result) {
    if (!result) fmt::print(stderr, "warren: {}\n", result.error().message);
    if (!descriptor_) return;
    const std::string line =
        result ? std::string(wire::kReadyLine) : "error: " + result.error().message + "\n";
    // Whoever waited may have gone.
    std::ignore = os::write_all(descriptor_.get(), std::as_bytes(std::span(line)));
    descriptor_.reset();
  }

 private:
  os::UniqueFd descriptor_;
};

// An engine that a client has started has no terminal: its log is a file, unless that client has a
// place for it.
Result<> open_log(const Options& options) {
  if (options.ready_fd < 0 || options.logs_to == LogsTo::kStderr) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("warrend"));
    return {};
  }
  const std::string path = options.places.state_dir / "engine.log";
  // Made here, for this user alone: the directory may be readable by others.
  WARREN_TRY(os::context(
      os::call_for_fd([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600); }),
      "opening the log"));
  try {
    spdlog::set_default_logger(spdlog::basic_logger_mt("warrend", path));
  } catch (const spdlog::spdlog_ex& error) {
    return fail(Errc::kInternal, "opening the log: {}", error.what());
  }
  spdlog::flush_on(spdlog::level::info);
  return {};
}

Result<std::unique_ptr<provider::Provider>> create_provider(const Options& options,
                                                            const Config& config) {
  provider::LocalOptions local;
  local.state_dir = options.places.state_dir;
  local.runtime_dir = options.places.runtime_dir;
  local.cgroup_root = config.cgroup_root ? config.cgroup_root : options.cgroup_root;
  local.pool = config.pool_kind;
  return context(provider::create_local(local), "opening the local provider");
}

// Gives back what the provider has opened on the host for an engine that then could not be.
std::unexpected<Error> give_up(std::unique_ptr<provider::Provider> local, Error why) {
  std::promise<Result<>> closed;
  local->close([&closed](Result<> result) { closed.set_value(std::move(result)); });
  const Result<> result = closed.get_future().get();
  if (!result) spdlog::warn("closing: {}", result.error().message);
  return std::unexpected(std::move(why));
}

void shut_down_on_signals(boost::asio::signal_set& signals, Engine& engine) {
  signals.async_wait([&engine](const boost::system::error_code& cancelled, int /*number*/) {
    if (!cancelled) engine.shut_down();
  });
}

// The places are locked before anything on the host is touched.
Result<> run_engine(const Options& options, ReadyReport& report) {
  Config config = WARREN_TRY(load_config(options.config_file));
  if (options.places.state_dir == kUsualStateDir) use_usual_places(config);
  WARREN_TRY(prepare(options.places, audience_of(config)));
  Locks locks = WARREN_TRY(lock(options.places));
  WARREN_TRY(open_log(options));
  WARREN_TRY(os::context(os::raise_descriptor_limit(), "raising the limit of open files"));
  std::unique_ptr<provider::Provider> local = WARREN_TRY(create_provider(options, config));
  boost::asio::io_context loop(1);
  auto opened = Engine::open(loop, *local,
                             {.places = options.places,
                              .config = config,
                              .version = WARREN_VERSION,
                              .locks = std::move(locks)});
  if (!opened) return give_up(std::move(local), std::move(opened.error()));
  const std::unique_ptr<Engine> engine = *std::move(opened);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  shut_down_on_signals(signals, *engine);
  Result<> outcome;
  engine->start([&](Result<> up) {
    outcome = std::move(up);
    if (!outcome) return engine->shut_down();
    report.send(outcome);
    spdlog::info("warrend {} serves {}", WARREN_VERSION, options.places.runtime_dir.string());
  });
  loop.run();
  local.reset();  // Its threads report to the engine for as long as it lives.
  return outcome;
}

int run(std::span<char* const> arguments) {
  os::name_this_process("warrend");
  if (const auto occupied = os::occupy_standard_streams(); !occupied) return 1;
  const Result<Options> options = parse_options(arguments);
  if (!options) {
    fmt::print(stderr, "warren: {}\n", options.error().message);
    return 2;
  }
  if (options->shows_help) {
    fmt::print("{}", usage_text());
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  ReadyReport report(os::UniqueFd(options->ready_fd));
  const Result<> done = run_engine(*options, report);
  if (done) return 0;
  report.send(done);
  return done.error().code == Errc::kAlreadyExists ? wire::kAnotherEngineRuns : 1;
}

}  // namespace
}  // namespace warren::engine

int main(int count, char** arguments) {
  return warren::engine::run(std::span<char* const>(arguments, static_cast<std::size_t>(count)));
}
