// SPDX-License-Identifier: Apache-2.0

#include <poll.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/engine_start.h"
#include "os/call.h"
#include "os/context.h"
#include "os/process.h"

namespace warren::client::cli {
namespace {

// Becomes the engine, in the foreground.
Result<> serve(const Session& session) {
  const Places places = WARREN_TRY(find_places(session.flags.places));
  std::string program = WARREN_TRY(engine_program());
  std::vector<std::string> arguments = engine_arguments(places);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  return os::context(os::call([&] { return ::execv(program.c_str(), pointers.data()); }),
                     "starting {}", program);
}

// Asks the engine to end and waits until it has. Sandboxes go on.
Result<> stop(const Session& session) {
  EngineClient engine = WARREN_TRY(session.connect(Startup::kNever));
  const pid_t pid = WARREN_TRY(engine.channel().server_pid());
  const os::UniqueFd process =
      WARREN_TRY(os::context(os::open_process(pid), "watching the engine"));
  const auto answer = engine.call<v1::Empty>(wire::kShutdown, v1::Empty());
  // An engine may end before its answer is out.
  if (!answer && !is_lost(answer.error())) return std::unexpected(answer.error());
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  return os::context(os::call([&] { return ::poll(&ended, 1, -1); }), "waiting for the engine");
}

}  // namespace

void add_serve(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("serve", "Run the engine in the foreground");
  const auto stops = std::make_shared<bool>(false);
  command.add_flag("--stop", *stops, "End the engine that runs; jobs go on");
  command.callback([&session, stops] { session.finish(*stops ? stop(session) : serve(session)); });
}

}  // namespace warren::client::cli
