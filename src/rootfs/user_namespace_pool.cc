// SPDX-License-Identifier: Apache-2.0

#include "rootfs/user_namespace_pool.h"

#include <fcntl.h>

#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/worker_thread.h"
#include "rootfs/user_namespace.h"

namespace warren::rootfs {

UserNamespacePool::UserNamespacePool(Sizes sizes)
    : sizes_(sizes), maker_([this](const std::stop_token& stop) { keep_ready(stop); }) {}

UserNamespacePool::~UserNamespacePool() = default;

Result<IdRange> UserNamespacePool::reserve() {
  const std::scoped_lock lock(mutex_);
  ++reservations_;
  short_of_ready_.notify_one();
  if (ready_.empty()) return ranges_.take();
  return ready_.extract(ready_.begin()).value();
}

Result<> UserNamespacePool::reserve(IdRange range) {
  const std::scoped_lock lock(mutex_);
  if (ready_.erase(range) > 0) return {};
  if (preparing_ == range) {
    preparing_.reset();
    return {};
  }
  return ranges_.take(range);
}

Result<os::UniqueFd> UserNamespacePool::open(IdRange range) {
  std::unique_lock lock(mutex_);
  if (!ranges_.is_taken(range) || ready_.contains(range)) {
    return fail(Errc::kFailedPrecondition, "the range of user ids at {} is not reserved",
                range.base);
  }
  auto found = namespaces_.find(range);
  if (found == namespaces_.end()) {
    lock.unlock();
    auto made = WARREN_TRY(os::context(create_user_namespace(range),
                                       "making the user namespace of ids from {} on", range.base));
    lock.lock();
    found = namespaces_.try_emplace(range, std::move(made)).first;
  }
  return os::context(
      os::call_for_fd([&] { return ::fcntl(found->second.get(), F_DUPFD_CLOEXEC, 0); }),
      "duplicating the user namespace of ids from {} on", range.base);
}

void UserNamespacePool::release(IdRange range) {
  const std::scoped_lock lock(mutex_);
  if (namespaces_.contains(range) && ready_.size() < sizes_.cached) {
    ready_.insert(range);
    return;
  }
  namespaces_.erase(range);
  ranges_.release(range);
}

void UserNamespacePool::keep_ready(const std::stop_token& stop) {
  os::work_in_background();
  std::unique_lock lock(mutex_);
  const auto is_short = [this] { return ready_.size() < sizes_.ready; };
  // At the end the wait says whether there is need, not whether there is still time.
  while (short_of_ready_.wait(lock, stop, is_short) && !stop.stop_requested()) {
    const auto range = ranges_.take();
    if (!range) {  // All are in use.
      await_reservation(lock, stop);
      continue;
    }
    preparing_ = *range;
    lock.unlock();
    auto made = create_user_namespace(*range);
    lock.lock();
    const bool still_free = std::exchange(preparing_, std::nullopt) == *range;
    if (still_free && made) ready_.insert(*range);
    if (still_free && !made) ranges_.release(*range);
    if (made) {
      namespaces_.try_emplace(*range, *std::move(made));
    } else {
      // Whoever opens a namespace next learns why, at first hand; by then it may work again.
      await_reservation(lock, stop);
    }
  }
}

void UserNamespacePool::await_reservation(std::unique_lock<std::mutex>& lock,
                                          const std::stop_token& stop) {
  short_of_ready_.wait(lock, stop, [this, seen = reservations_] { return reservations_ != seen; });
}

}  // namespace warren::rootfs
