// SPDX-License-Identifier: Apache-2.0

#include "client/signal_source.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/call.h"
#include "os/context.h"

namespace warren::client {

Result<SignalSource> SignalSource::open() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    // One that is ignored, such as SIGHUP under nohup, stays so.
    struct sigaction action {};
    ::sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&signals, number);
  }
  WARREN_TRY(os::context(os::call([&] { return ::sigprocmask(SIG_BLOCK, &signals, nullptr); }),
                         "blocking signals"));
  return SignalSource(WARREN_TRY(os::context(
      os::call_for_fd([&] { return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK); }),
      "receiving signals")));
}

std::optional<int> SignalSource::next() const {
  signalfd_siginfo info{};
  const auto count =
      os::call_for<std::size_t>([&] { return ::read(fd_.get(), &info, sizeof info); });
  if (!count || *count != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

bool asks_to_end(int signal) noexcept {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace warren::client
