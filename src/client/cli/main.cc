// SPDX-License-Identifier: Apache-2.0

#include <signal.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/app.h"
#include "client/cli/session.h"
#include "client/personality/jobctl.h"
#include "client/personality/joblet_daemon.h"
#include "client/personality/jobworker_server.h"
#include "client/personality/rnx.h"
#include "os/file.h"

namespace {

// One program is behind several command lines: its name says which.
struct CommandLine {
  std::string_view name;
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array kCommandLines{
    CommandLine{"warren", warren::client::cli::run_app},
    CommandLine{"jobctl", warren::client::run_jobctl},
    CommandLine{"joblet", warren::client::run_joblet},
    CommandLine{"jobworker-server", warren::client::run_jobworker_server},
    CommandLine{"rnx", warren::client::run_rnx},
};

std::string_view name_of(std::string_view program) {
  return program.substr(program.rfind('/') + 1);
}

}  // namespace

int main(int argc, char** argv) {
  // A job that closes its input, or an engine that goes, is an error to handle. Standard output
  // that nobody reads ends this program as usual: print() sees to it.
  ::signal(SIGPIPE, SIG_IGN);
  // Whoever has started this program may ignore the ends of children. Those of ours are waited for.
  ::signal(SIGCHLD, SIG_DFL);
  if (const auto occupied = warren::os::occupy_standard_streams(); !occupied) return 125;
  try {
    const std::string_view name = argc > 0 ? name_of(argv[0]) : "warren";
    const auto* const called = std::ranges::find(kCommandLines, name, &CommandLine::name);
    if (called == kCommandLines.end()) {
      warren::client::cli::complain(std::string(name) + ": not available yet");
      return 125;
    }
    return called->run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& exception) {
    warren::client::cli::complain(exception.what());
    return 125;
  }
}
