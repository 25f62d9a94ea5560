// SPDX-License-Identifier: Apache-2.0

#include "client/personality/jobworker_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <tuple>
#include <utility>

#include "client/complaint.h"
#include "client/gateway_settings.h"
#include "client/output_stream.h"
#include "client/personality/go_flags.h"
#include "client/personality/job_watch.h"
#include "client/personality/listen_address.h"
#include "client/signal_source.h"
#include "client/supervise.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::client {
namespace {

constexpr const char* kProgram = "jobworker-server";

struct ServerFlags {
  std::string listen = ":50051";
  std::string certs = "./certs";
  std::string log = "./jobworker-server.log";
};

GoFlags describe(ServerFlags& flags) {
  return GoFlags({
      {"listen", "HOST:PORT", "where to listen", &flags.listen},
      {"certs", "DIR", "where ca.crt, server.crt and server.key are", &flags.certs},
      {"log", "FILE", "what becomes of each job, with its output", &flags.log},
  });
}

// The shorter of two timeouts of poll(2).
int sooner(int a, int b) {
  if (a < 0 || b < 0) return std::max(a, b);
  return std::min(a, b);
}

class Server {
 public:
  static Result<Server> start(const ServerFlags& flags);

  Result<> serve();

 private:
  Server(SignalSource signals, JobWatch watch, Services services)
      : signals_(std::move(signals)), watch_(std::move(watch)), services_(std::move(services)) {}

  [[nodiscard]] Result<> wait() const;
  [[nodiscard]] bool is_told_to_end() const;
  [[nodiscard]] Result<> stop();

  SignalSource signals_;
  JobWatch watch_;
  Services services_;
};

// The log is open, and the engine's events are followed, before anybody can start a job.
Result<Server> Server::start(const ServerFlags& flags) {
  SignalSource signals = WARREN_TRY(SignalSource::open());
  const Places places = WARREN_TRY(find_places({}));
  JobWatch watch = WARREN_TRY(JobWatch::open(flags.log, places));
  const GatewaySettings settings = WARREN_TRY(read_gateway_settings(places.config));
  const std::string listen =
      WARREN_TRY(context(listen_address(flags.listen, has_ipv6()), "-listen"));
  Services services = WARREN_TRY(Services::begin(
      {.places = places, .user = settings.user, .listen = listen, .certs = flags.certs}));
  WARREN_TRY(watch.begin());
  WARREN_TRY(services.open_gateway());
  return Server(std::move(signals), std::move(watch), std::move(services));
}

Result<> Server::serve() {
  const std::string greeting = "listening on " + services_.address();
  watch_.note(greeting);
  WARREN_TRY(print(STDOUT_FILENO, greeting + "\n"));
  while (!is_told_to_end() && !services_.is_over()) {
    WARREN_TRY(wait());
    for (const std::string& sentence : services_.advance()) watch_.note(sentence);
    watch_.advance();
  }
  return stop();
}

Result<> Server::wait() const {
  std::vector<pollfd> interests{{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                                {.fd = watch_.fd(), .events = POLLIN, .revents = 0}};
  services_.add_interests(interests);
  const int timeout = sooner(services_.timeout(), watch_.timeout());
  return os::context(os::call([&] { return ::poll(interests.data(), interests.size(), timeout); }),
                     "waiting");
}

bool Server::is_told_to_end() const {
  while (const auto signal = signals_.next()) {
    if (asks_to_end(*signal)) return true;
  }
  return false;
}

// Whatever fails, the next thing is done as well; the first failure is the one to tell.
Result<> Server::stop() {
  watch_.note("told to end");
  const Result<> closed = services_.stop_gateway();
  // Without an engine they have ended.
  const Result<> ended = services_.is_over() ? Result<>() : watch_.end_jobs();
  const Result<> stopped = services_.stop_engine();
  for (const Result<>* const done : {&closed, &ended, &stopped}) {
    if (!*done) return *done;
  }
  watch_.note("has ended");
  return {};
}

Result<> run(const ServerFlags& flags) {
  Server server = WARREN_TRY(Server::start(flags));
  return server.serve();
}

}  // namespace

int run_jobworker_server(const std::vector<std::string>& arguments) {
  ServerFlags values;
  GoFlags flags = describe(values);
  const auto parsed = flags.parse(arguments);
  if (!parsed) {
    complain_as(kProgram, parsed.error().message);
    std::ignore = print(STDERR_FILENO, flags.usage(kProgram));  // There is nowhere else to say it.
    return 1;
  }
  if (flags.wants_help()) return print(STDOUT_FILENO, flags.usage(kProgram)) ? 0 : 1;
  const auto done = run(values);
  if (!done) complain_as(kProgram, done.error().message);
  return done ? 0 : 1;
}

}  // namespace warren::client
