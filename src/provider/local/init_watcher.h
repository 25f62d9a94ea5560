// SPDX-License-Identifier: Apache-2.0
//
// One thread that listens to all inits: their messages, and the moment they are gone.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>

#include "base/result.h"
#include "os/socket.h"
#include "os/unique_fd.h"

namespace warren::provider {

class InitWatcher {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // On the watcher's thread. `number` is what watch() was given.
    virtual void message(std::uint64_t number, std::span<const std::byte> message,
                         os::Received& received) = 0;
    // The control socket is at its end: init has ended or is about to. Comes once, last.
    virtual void gone(std::uint64_t number) = 0;
  };

  [[nodiscard]] static Result<std::unique_ptr<InitWatcher>> create(Listener& listener);
  ~InitWatcher();
  InitWatcher(const InitWatcher&) = delete;
  InitWatcher& operator=(const InitWatcher&) = delete;

  // `control` must stay open until gone() has been called for it.
  [[nodiscard]] Result<> watch(int control, std::uint64_t number);

 private:
  explicit InitWatcher(Listener& listener) : listener_(listener) {}
  void run();
  void serve(int control, std::uint64_t number);

  Listener& listener_;
  os::UniqueFd epoll_;
  os::UniqueFd wakeup_;  // An eventfd: written once, to end the thread.
  std::jthread thread_;
};

}  // namespace warren::provider
