// SPDX-License-Identifier: Apache-2.0
//
// Attacks by names: files of the host and of the kernel, mounts, descriptors.

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr const char* kMountPoint = "/tmp/mount-point";

// Masks are bind mounts of /dev/null.
bool is_mask(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

int read_file(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refusal();
  char byte = 0;
  const ssize_t count = ::read(fd, &byte, 1);
  const int error = count < 0 ? refusal() : (count == 0 ? kMasked : kSucceeded);
  ::close(fd);
  return error;
}

// Writes nothing: what opens could be written, and the host survives the test.
int open_for_writing(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refusal();
  const int error = is_mask(fd) ? kMasked : kSucceeded;
  ::close(fd);
  return error;
}

// Writes back what is there. Only for values that stay what they are.
int rewrite(const char* path) {
  char text[4096];
  const int reader = ::open(path, O_RDONLY | O_CLOEXEC);
  if (reader < 0) return refusal();
  const ssize_t length = ::read(reader, text, sizeof text);
  ::close(reader);
  if (length <= 0) return length < 0 ? refusal() : kMasked;
  const int writer = ::open(path, O_WRONLY | O_CLOEXEC);
  if (writer < 0) return refusal();
  const int error =
      ::write(writer, text, static_cast<std::size_t>(length)) < 0 ? refusal() : kSucceeded;
  ::close(writer);
  return error;
}

int list(const char* path) {
  DIR* directory = ::opendir(path);
  if (directory == nullptr) return refusal();
  int error = kMasked;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") error = kSucceeded;
  }
  if (error != kSucceeded && errno != 0) error = refusal();
  ::closedir(directory);
  return error;
}

int exists(const char* path) {
  struct stat status {};
  return ::lstat(path, &status) == 0 ? kSucceeded : refusal();
}

int mount_new(const char* type) {
  ::mkdir(kMountPoint, 0700);
  if (::mount("none", kMountPoint, type, 0, nullptr) != 0) return refusal();
  ::umount2(kMountPoint, MNT_DETACH);
  return kSucceeded;
}

int make_writable(const char* path) {
  return ::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0 ? kSucceeded
                                                                             : refusal();
}

int unmount(const char* path) {
  return ::umount2(path, MNT_DETACH) == 0 ? kSucceeded : refusal();
}

// A hierarchy of version 1, whose root has a program that the host's root executes (CVE-2022-0492).
int reach_release_agent(const char* controller) {
  ::mkdir(kMountPoint, 0700);
  if (::mount("none", kMountPoint, "cgroup", 0, controller) != 0) return refusal();
  const int error = open_for_writing("/tmp/mount-point/release_agent");
  ::umount2(kMountPoint, MNT_DETACH);
  return error;
}

// The kernel's log by a device node of one's own.
int make_device(const char* /*operand*/) {
  constexpr const char* kNode = "/tmp/kernel-log";
  if (::mknod(kNode, S_IFCHR | 0600, makedev(1, 11)) != 0) return refusal();
  const int fd = ::open(kNode, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refusal();
  ::close(fd);
  return kSucceeded;
}

// Succeeds when there is a descriptor beyond 0, 1 and 2, and shows what it is.
int find_descriptor(const char* /*operand*/) {
  int error = kMasked;
  for (int fd = 3; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    char link[32];
    char target[PATH_MAX] = {};
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (::readlink(link, target, sizeof target - 1) >= 0) std::fprintf(stderr, "%s\n", target);
    error = kSucceeded;
  }
  return error;
}

// Succeeds when an inherited directory leads out of the root.
int leave_by_descriptor(const char* /*operand*/) {
  int error = EBADF;
  for (int fd = 3; fd < 1024 && error != kSucceeded; ++fd) {
    if (::fchdir(fd) != 0) continue;
    char path[PATH_MAX] = {};
    // The C library hides "(unreachable)" paths; what the kernel says is in the link.
    if (::readlink("/proc/self/cwd", path, sizeof path - 1) < 0) continue;
    error = ::access("../../../../../../../../proc/1/comm", F_OK) == 0 ? kSucceeded : EXDEV;
  }
  return error;
}

// Takes back what was written to standard output.
int rewrite_log(const char* /*operand*/) {
  constexpr std::string_view kForged = "forged";
  if (::pwrite(STDOUT_FILENO, kForged.data(), kForged.size(), 0) < 0) return refusal();
  return kSucceeded;
}

constexpr Attack kAttacks[] = {{"read", read_file},
                               {"open-for-writing", open_for_writing},
                               {"rewrite", rewrite},
                               {"list", list},
                               {"exists", exists},
                               {"mount", mount_new},
                               {"make-writable", make_writable},
                               {"unmount", unmount},
                               {"release-agent", reach_release_agent},
                               {"make-device", make_device},
                               {"find-descriptor", find_descriptor},
                               {"leave-by-descriptor", leave_by_descriptor},
                               {"rewrite-log", rewrite_log}};

}  // namespace

std::span<const Attack> filesystem_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
