// SPDX-License-Identifier: Apache-2.0

#include "client/engine_start.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "os/journal_stream.h"
#include "wire/startup.h"

namespace warren::client {
namespace {

// It may have much to look after first that has lived on without it.
constexpr std::chrono::minutes kPatience{10};

// Only Warren's own variables: an engine outlives the shell it was started from.
std::vector<std::string> engine_environment() {
  std::vector<std::string> kept = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("WARREN_")) kept.emplace_back(*variable);
  }
  return kept;
}

}  // namespace

std::vector<std::string> engine_arguments(const Places& places) {
  std::vector<std::string> arguments = {"--state-dir", places.state_dir, "--runtime-dir",
                                        places.runtime_dir};
  if (!places.config.empty()) arguments.insert(arguments.end(), {"--config", places.config});
  return arguments;
}

Result<Child> start_engine(const Places& places, EndsWithUs ends_with_us) {
  std::vector<std::string> arguments = engine_arguments(places);
  arguments.insert(arguments.end(), {"--ready-fd", "3"});
  // A service has one log. What a command starts for everybody does not write into a caller's.
  const bool logs_to_journal =
      ends_with_us == EndsWithUs::kYes && os::is_journal_stream(STDERR_FILENO);
  if (logs_to_journal) arguments.insert(arguments.end(), {"--log", "stderr"});
  Child child = WARREN_TRY(
      Child::start({.program = "warrend",
                    .arguments = std::move(arguments),
                    .environment = engine_environment(),
                    .says_on = logs_to_journal ? SaysOn::kThreeWithErrors : SaysOn::kThree,
                    .ends_with_us = ends_with_us}));
  std::string line = WARREN_TRY(context(child.first_line(kPatience), "starting the engine"));
  if (line + '\n' == wire::kReadyLine) return child;
  // It has said why it cannot run, or nothing, and is about to end.
  const int status = WARREN_TRY(child.wait());
  if (constexpr std::string_view kPrefix = "error: "; line.starts_with(kPrefix)) {
    line.erase(0, kPrefix.size());
  }
  if (line.empty()) line = "it ended without a reason; its log is in " + places.state_dir;
  const bool is_other = WIFEXITED(status) && WEXITSTATUS(status) == wire::kAnotherEngineRuns;
  return fail(is_other ? Errc::kAlreadyExists : Errc::kUnavailable, "starting the engine: {}",
              line);
}

}  // namespace warren::client
