// SPDX-License-Identifier: Apache-2.0
//
// Accounts (full qgroups) of subvolumes that are gone. The kernel lets go of one only after it has
// cleared the subvolume away, seconds later; since Linux 6.12 it then does so by itself, before
// that every subvolume that ever was would cost memory and slow down each commit. Thread-safe.

#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "base/result.h"

namespace warren::rootfs {

class GoneAccounts {
 public:
  // Removes the account of a subvolume that was destroyed in the file system of `directory`, or
  // remembers it, and those that it remembered, as far as the kernel lets go of them by now.
  void remove(int directory, std::uint64_t subvolume);

  // Remembers each account that `qgroups`, its directory in sysfs, shows of a subvolume that is not
  // there: an earlier engine did not live to see it go. Those that the kernel is just clearing away
  // are left to the next call.
  [[nodiscard]] Result<> find(int directory, const std::string& qgroups);

 private:
  std::mutex mutex_;
  std::deque<std::uint64_t> waiting_;  // The kernel clears subvolumes away in this order.
};

}  // namespace warren::rootfs
