// SPDX-License-Identifier: Apache-2.0

#include "store/quiet_thread.h"

#include <csignal>
#include <utility>

namespace warren::store {

std::jthread start_quiet_thread(std::function<void(std::stop_token)> body) {
  // A thread starts with the mask of its creator, so there is no moment without one.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread thread(std::move(body));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace warren::store
