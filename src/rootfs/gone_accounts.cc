// SPDX-License-Identifier: Apache-2.0

#include "rootfs/gone_accounts.h"

#include <fcntl.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "os/context.h"
#include "rootfs/btrfs_quota.h"
#include "rootfs/btrfs_volume.h"
#include "rootfs/directory_entries.h"

namespace warren::rootfs {
namespace {

constexpr int kMostAtOnce = 8;  // Each is a transaction that the caller waits for.
constexpr std::uint64_t kFirstSubvolume = 256;

// "0_257": level 0 are the subvolumes themselves.
std::optional<std::uint64_t> parse_account(std::string_view name) {
  if (!name.starts_with("0_")) return std::nullopt;
  name.remove_prefix(2);
  std::uint64_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  if (read.ec != std::errc() || number < kFirstSubvolume) return std::nullopt;
  return number;
}

}  // namespace

void GoneAccounts::remove(int directory, std::uint64_t subvolume) {
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(subvolume);
  for (int count = 0; count < kMostAtOnce && !waiting_.empty(); ++count) {
    const auto removed = remove_account(directory, waiting_.front());
    if (!removed && removed.error() == os::Errno{EBUSY}) return;
    waiting_.pop_front();  // Any other failure: the kernel has removed it, or never will.
  }
}

Result<> GoneAccounts::find(int directory, const std::string& qgroups) {
  const auto names =
      WARREN_TRY(os::context(entry_names(AT_FDCWD, qgroups.c_str()), "listing {}", qgroups));
  const std::scoped_lock lock(mutex_);
  for (const std::string& name : names) {
    const auto account = parse_account(name);
    if (!account) continue;
    const bool is_there = WARREN_TRY(os::context(subvolume_exists(directory, *account),
                                                 "looking for the subvolume {}", *account));
    if (!is_there) waiting_.push_back(*account);
  }
  return {};
}

}  // namespace warren::rootfs
