// SPDX-License-Identifier: Apache-2.0

#include "client/personality/joblet_daemon.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <tuple>

#include "client/complaint.h"
#include "client/keep_running.h"
#include "client/output_stream.h"
#include "client/personality/go_flags.h"
#include "client/personality/joblet_files.h"
#include "client/personality/listen_address.h"
#include "os/account.h"

namespace warren::client {
namespace {

constexpr const char* kProgram = "joblet";

struct DaemonFlags {
  std::string config;
  bool version = false;
};

GoFlags describe(DaemonFlags& flags) {
  return GoFlags({
      {"config", "FILE", "its configuration, instead of one in the usual places", &flags.config},
      {"version", "", "show the version", &flags.version},
  });
}

void note(const std::string& sentence) {
  complain_as(kProgram, sentence);
}

bool is_address(int family, const std::string& text) {
  std::array<std::byte, sizeof(in6_addr)> address;
  return ::inet_pton(family, text.c_str(), address.data()) == 1;
}

// A name is what clients call this machine: it says nothing of the addresses to listen at.
Result<std::string> endpoint_of(const JobletConfig& config) {
  std::string host = config.host;
  if (is_address(AF_INET6, host)) {
    host = "[" + host + "]";
  } else if (!is_address(AF_INET, host) && host != "localhost") {
    note(fmt::format("server.address: {} is no address, so all of this machine's are listened at",
                     host));
    host.clear();
  }
  return listen_address(host + ":" + config.port, has_ipv6());
}

Result<Services> start(const JobletConfig& config, const std::string& file) {
  const std::string listen = WARREN_TRY(endpoint_of(config));
  Places places = WARREN_TRY(find_places({}));
  const std::string directory = places.runtime_dir + "-joblet";
  WARREN_TRY(write_joblet_files(config, directory));
  places.config = directory + "/warren.yaml";
  Services services = WARREN_TRY(Services::begin(
      {.places = places,
       .user = std::string(os::kGatewayAccount),
       .listen = listen,
       .certs = directory,
       .certs_source = file,
       .renew = [file, directory] { return renew_joblet_certificates(file, directory); }}));
  if (services.has_found_engine()) {
    return fail(Errc::kAlreadyExists,
                "an engine runs already, with another configuration: 'warren serve --stop' ends "
                "it, and jobs go on");
  }
  WARREN_TRY(services.open_gateway());
  return services;
}

Result<> serve(const DaemonFlags& flags) {
  const SignalSource signals = WARREN_TRY(SignalSource::open());
  const std::string path = WARREN_TRY(find_joblet_config(flags.config));
  const JobletConfig config = WARREN_TRY(read_joblet_config(path));
  for (const std::string& warning : config.warnings) note(fmt::format("{}: {}", path, warning));
  Services services = WARREN_TRY(start(config, path));
  WARREN_TRY(print(STDOUT_FILENO, "listening on " + services.address() + "\n"));
  return keep_running(signals, services, note);
}

}  // namespace

int run_joblet(const std::vector<std::string>& arguments) {
  DaemonFlags values;
  GoFlags flags = describe(values);
  if (const auto parsed = flags.parse(arguments); !parsed) {
    note(parsed.error().message);
    std::ignore = print(STDERR_FILENO, flags.usage(kProgram));  // There is nowhere else to say it.
    return 2;
  }
  if (flags.wants_help()) return print(STDOUT_FILENO, flags.usage(kProgram)) ? 0 : 1;
  if (values.version) return print(STDOUT_FILENO, "joblet of warren " WARREN_VERSION "\n") ? 0 : 1;
  const auto done = serve(values);
  if (!done) note(done.error().message);
  return done ? 0 : 1;
}

}  // namespace warren::client
