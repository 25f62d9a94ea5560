// SPDX-License-Identifier: Apache-2.0

#include "engine/places.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "os/access_list.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::engine {
namespace {

constexpr mode_t kStateMode = 0700;
constexpr mode_t kRuntimeMode = 0750;
constexpr mode_t kSocketMode = 0660;
constexpr mode_t kOpenRuntimeMode = 0755;
constexpr mode_t kOpenSocketMode = 0666;
constexpr int kBacklog = 1024;

// A child that an engine was making when it was killed has a copy of its descriptors, and so of its
// lock, until it is dead as well: a moment longer than the engine.
constexpr int kLockAttempts = 40;
constexpr std::chrono::milliseconds kLockPause{10};

std::optional<gid_t> find_group(const std::string& name) {
  std::array<char, 16384> buffer{};
  ::group record{};
  ::group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found) != 0) return {};
  if (found == nullptr) return {};
  return found->gr_gid;
}

Result<> give_to_group(const std::filesystem::path& path, const Audience& audience) {
  const std::optional<gid_t> gid = audience.number ? audience.number : find_group(audience.group);
  if (!gid || ::geteuid() != 0) return {};
  return os::context(os::call([&] { return ::lchown(path.c_str(), 0, *gid); }),
                     "giving {} to group {}", path.string(), *gid);
}

// Where the file system keeps no access lists, viewers stay outside.
Result<> admit_viewers(const std::filesystem::path& path, const Audience& audience,
                       unsigned permissions) {
  const std::optional<gid_t> gid = find_group(audience.viewers);
  if (!gid || audience.everybody || ::geteuid() != 0) return {};
  const auto admitted = os::admit_group(path.c_str(), *gid, permissions);
  if (!admitted && admitted.error().value == EOPNOTSUPP) return {};
  return os::context(admitted, "letting group {} in at {}", audience.viewers, path.string());
}

// Whether it was missing.
Result<bool> create(const std::filesystem::path& directory, mode_t mode) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error) {
    return fail(Errc::kPermissionDenied, "creating {}: {}", directory.string(), error.message());
  }
  const auto made = os::call([&] { return ::mkdir(directory.c_str(), mode); });
  if (!made && made.error().value == EEXIST) return false;
  WARREN_TRY(os::context(made, "creating {}", directory.string()));
  // Whatever the umask.
  WARREN_TRY(os::context(os::call([&] { return ::chmod(directory.c_str(), mode); }),
                         "setting the mode of {}", directory.string()));
  return true;
}

// One that somebody else made stays as it is, or is refused where others could replace its files.
Result<> check_existing(const std::filesystem::path& directory) {
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::stat(directory.c_str(), &status); }),
                         "looking at {}", directory.string()));
  if (!S_ISDIR(status.st_mode)) {
    return fail(Errc::kFailedPrecondition, "{} is no directory", directory.string());
  }
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Errc::kPermissionDenied,
                "{} belongs to another user or others may write to it: it is not safe to use",
                directory.string());
  }
  return os::context(os::call([&] { return ::access(directory.c_str(), W_OK | X_OK); }),
                     "writing to {}", directory.string());
}

// Whether it was missing.
Result<bool> make(const std::filesystem::path& directory, mode_t mode) {
  const bool is_new = WARREN_TRY(create(directory, mode));
  if (!is_new) WARREN_TRY(check_existing(directory));
  return is_new;
}

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalidArgument, "{}: too long for a socket's name", text);
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<os::UniqueFd> lock_directory(const std::filesystem::path& directory) {
  const std::string path = directory / "engine.lock";
  auto opened = os::call_for_fd(
      [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); });
  os::UniqueFd file = WARREN_TRY(os::context(std::move(opened), "opening {}", path));
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    if (os::call([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB); })) return file;
    std::this_thread::sleep_for(kLockPause);
  }
  return fail(Errc::kAlreadyExists, "another engine uses {}", directory.string());
}

}  // namespace

Audience audience_of(const Config& config) {
  return {
      .group = config.admin_group, .viewers = config.viewer_group, .everybody = config.local_users};
}

Result<> prepare(const Places& places, const Audience& audience) {
  WARREN_TRY(make(places.state_dir, kStateMode));
  return prepare_runtime(places.runtime_dir, audience);
}

Result<> prepare_runtime(const std::filesystem::path& directory, const Audience& audience) {
  const bool is_new =
      WARREN_TRY(make(directory, audience.everybody ? kOpenRuntimeMode : kRuntimeMode));
  // A group that has a number has no other: the account may have been made since.
  if (is_new || audience.number) WARREN_TRY(give_to_group(directory, audience));
  if (!is_new) return {};
  return admit_viewers(directory, audience, X_OK);
}

Result<Locks> lock(const Places& places) {
  Locks locks;
  locks.state = WARREN_TRY(lock_directory(places.state_dir));
  if (places.runtime_dir != places.state_dir) {
    locks.runtime = WARREN_TRY(lock_directory(places.runtime_dir));
  }
  return locks;
}

Result<os::UniqueFd> listen_in(const std::filesystem::path& runtime_dir, const Audience& audience) {
  const std::filesystem::path path = runtime_dir / "engine.sock";
  // It gets its name when it is ready: whoever finds it can connect, if he may.
  const std::filesystem::path unready = runtime_dir / "engine.next";
  const sockaddr_un address = WARREN_TRY(address_of(unready));
  std::error_code ignored;  // Nothing there is as good as removed; bind() reports the rest.
  std::filesystem::remove(unready, ignored);
  auto made = os::call_for_fd(
      [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  os::UniqueFd socket = WARREN_TRY(os::context(std::move(made), "making a socket"));
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  WARREN_TRY(os::context(os::call([&] { return ::bind(socket.get(), name, sizeof address); }),
                         "binding {}", path.string()));
  const mode_t mode = audience.everybody ? kOpenSocketMode : kSocketMode;
  WARREN_TRY(os::context(os::call([&] { return ::chmod(unready.c_str(), mode); }),
                         "setting the mode of {}", path.string()));
  WARREN_TRY(give_to_group(unready, audience));
  WARREN_TRY(admit_viewers(unready, audience, R_OK | W_OK));
  WARREN_TRY(os::context(os::call([&] { return ::listen(socket.get(), kBacklog); }),
                         "listening on {}", path.string()));
  WARREN_TRY(os::context(os::call([&] { return ::rename(unready.c_str(), path.c_str()); }),
                         "naming {}", path.string()));
  return socket;
}

}  // namespace warren::engine
