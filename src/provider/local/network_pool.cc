// SPDX-License-Identifier: Apache-2.0

#include "provider/local/network_pool.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/credentials.h"
#include "os/procfs.h"
#include "os/text_file.h"
#include "os/worker_thread.h"

namespace warren::provider {
namespace {

os::KernelResult<> bring_up_loopback() {
  const os::UniqueFd socket =
      WARREN_TRY(os::call_for_fd([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return os::call([&] { return ::ioctl(socket.get(), SIOCSIFFLAGS, &request); });
}

// Moves the calling thread into a new network namespace and returns a descriptor of it. A thread
// that is already in one of its own loses nothing by moving on.
Result<os::UniqueFd> make() {
  WARREN_TRY(os::context(os::unshare(CLONE_NEWNET), "making a network namespace"));
  WARREN_TRY(os::context(bring_up_loopback(), "bringing up the loopback device"));
  const os::UniqueFd proc = WARREN_TRY(os::context(os::open_procfs(), "opening /proc"));
  // What a namespace shows in sys/net is the reader's.
  for (const auto& [file, value] : {std::pair("sys/net/ipv4/ip_unprivileged_port_start", "0"),
                                    std::pair("sys/net/ipv4/ping_group_range", "0 2147483647"),
                                    std::pair("sys/net/ipv4/ip_forward", "0")}) {
    WARREN_TRY(os::context(os::write_text(proc.get(), file, value), "writing /proc/{}", file));
  }
  // Not os::open_at(): the file is one of the kernel's own links.
  return os::context(os::call_for_fd([&] {
                       return ::openat(proc.get(), "thread-self/ns/net", O_RDONLY | O_CLOEXEC);
                     }),
                     "opening the network namespace");
}

// On a thread of its own, so that the caller keeps its namespace.
Result<os::UniqueFd> make_on_new_thread() {
  Result<os::UniqueFd> made = fail(Errc::kInternal, "no network namespace was made");
  os::start_thread([&made](const std::stop_token&) { made = make(); }).join();
  return made;
}

}  // namespace

NetworkPool::NetworkPool(std::size_t ready)
    : ready_(ready),
      maker_(os::start_thread([this](const std::stop_token& stop) { keep_ready(stop); })) {}

Result<os::UniqueFd> NetworkPool::take() {
  {
    const std::lock_guard lock(mutex_);
    ++claims_;
    // In batches: the maker takes a processor from the start that has just claimed one.
    if (is_short()) taken_.notify_one();
    if (!namespaces_.empty()) {
      os::UniqueFd taken = std::move(namespaces_.back());
      namespaces_.pop_back();
      return taken;
    }
  }
  return make_on_new_thread();
}

bool NetworkPool::is_short() const {
  return namespaces_.size() < ready_ && namespaces_.size() <= ready_ / 2;
}

void NetworkPool::keep_ready(const std::stop_token& stop) {
  os::work_in_background();
  std::unique_lock lock(mutex_);
  // At the end the wait says whether there is need, not whether there is still time.
  while (taken_.wait(lock, stop, [this] { return is_short(); }) && !stop.stop_requested()) {
    while (namespaces_.size() < ready_ && !stop.stop_requested()) {
      lock.unlock();
      auto made = make();
      lock.lock();
      if (made) {
        namespaces_.push_back(*std::move(made));
        continue;
      }
      // Whoever takes one next learns why, at first hand; by then the host may be able again.
      taken_.wait(lock, stop, [this, seen = claims_] { return claims_ != seen; });
    }
  }
}

}  // namespace warren::provider
