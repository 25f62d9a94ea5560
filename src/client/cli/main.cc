// SPDX-License-Identifier: Apache-2.0

#include <signal.h>

#include <exception>
#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/cli/session.h"

int main(int argc, char** argv) {
  // A job that closes its input, or an engine that goes, is an error to handle. Standard output
  // that nobody reads ends this program as usual: print() sees to it.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return warren::client::cli::run_app(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& exception) {
    warren::client::cli::complain(exception.what());
    return 125;
  }
}
