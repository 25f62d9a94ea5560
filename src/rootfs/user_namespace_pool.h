// SPDX-License-Identifier: Apache-2.0
//
// Id ranges with their user namespaces, made ahead on a thread of the pool and kept for the next
// sandbox after use. Thread-safe.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>

#include "base/result.h"
#include "os/unique_fd.h"
#include "rootfs/id_ranges.h"

namespace warren::rootfs {

class UserNamespacePool {
 public:
  struct Sizes {
    std::size_t ready = 32;    // Free ranges that wait with a namespace.
    std::size_t cached = 256;  // The most namespaces of free ranges that are kept.
  };

  UserNamespacePool() : UserNamespacePool(Sizes()) {}
  explicit UserNamespacePool(Sizes sizes);
  UserNamespacePool(const UserNamespacePool&) = delete;
  UserNamespacePool& operator=(const UserNamespacePool&) = delete;
  ~UserNamespacePool();

  // Sets a range aside; one whose namespace is ready comes first. Makes nothing, does not block.
  [[nodiscard]] Result<IdRange> reserve();
  // Sets aside the range that a sandbox of an earlier engine holds.
  [[nodiscard]] Result<> reserve(IdRange range);
  // A descriptor of the namespace of a reserved range; it is made now if it is not ready.
  [[nodiscard]] Result<os::UniqueFd> open(IdRange range);
  // Gives a range back. Every process with its ids must be gone.
  void release(IdRange range);

 private:
  void keep_ready(const std::stop_token& stop);
  void await_reservation(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  const Sizes sizes_;
  std::mutex mutex_;
  std::condition_variable_any short_of_ready_;
  IdRanges ranges_;                             // Here the ranges in ready_ count as taken.
  std::map<IdRange, os::UniqueFd> namespaces_;  // Of ready and of reserved ranges.
  std::set<IdRange> ready_;                     // Not reserved, and with a namespace.
  std::uint64_t reservations_ = 0;              // Calls of reserve().
  std::optional<IdRange> preparing_;            // What maker_ works on, unless it was reserved.
  std::jthread maker_;                          // Last, so that it ends before what it uses.
};

}  // namespace warren::rootfs
