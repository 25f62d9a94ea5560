// SPDX-License-Identifier: Apache-2.0

#include "client/keep_running.h"

#include <poll.h>

#include <vector>

#include "os/call.h"
#include "os/context.h"

namespace warren::client {
namespace {

bool is_asked_to_end(const SignalSource& signals) {
  while (const auto signal = signals.next()) {
    if (asks_to_end(*signal)) return true;
  }
  return false;
}

Result<> wait(const SignalSource& signals, const Services& services) {
  std::vector<pollfd> interests{{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
  services.add_interests(interests);
  return os::context(
      os::call([&] { return ::poll(interests.data(), interests.size(), services.timeout()); }),
      "waiting");
}

}  // namespace

Result<> keep_running(const SignalSource& signals, Services& services,
                      const std::function<void(const std::string&)>& note) {
  while (!is_asked_to_end(signals) && !services.is_over()) {
    WARREN_TRY(wait(signals, services));
    for (const std::string& sentence : services.advance()) note(sentence);
  }
  const Result<> closed = services.stop_gateway();
  const Result<> stopped = services.stop_engine();
  return closed ? stopped : closed;
}

}  // namespace warren::client
