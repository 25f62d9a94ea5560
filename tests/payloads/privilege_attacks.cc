// SPDX-License-Identifier: Apache-2.0
//
// Attacks on the rights of a process: what execution could add to them.

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr const char* kCopy = "/tmp/privileged-copy";
constexpr uid_t kUser = 1000;
// The list of docs/security-model.md.
constexpr std::uint64_t kAllowedCapabilities = 0x4fb;

std::uint64_t status_field(const char* name) {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return UINT64_MAX;
  char line[256];
  std::uint64_t value = UINT64_MAX;
  const std::size_t length = std::strlen(name);
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, length) == 0) value = std::strtoull(line + length, nullptr, 16);
  }
  std::fclose(file);
  return value;
}

int copy_self(mode_t mode) {
  const int from = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const int to = ::open(kCopy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  struct stat status {};
  if (from < 0 || to < 0 || ::fstat(from, &status) != 0) return refusal();
  auto rest = static_cast<std::size_t>(status.st_size);
  while (rest > 0) {
    const ssize_t count = ::sendfile(to, from, nullptr, rest);
    if (count <= 0) return refusal();
    rest -= static_cast<std::size_t>(count);
  }
  const int error = ::fchmod(to, mode) == 0 ? kSucceeded : refusal();
  ::close(from);
  ::close(to);
  return error;
}

// Executes the copy in a child, as user `uid`; its exit status is the verdict.
int execute_copy(const char* attack, uid_t uid) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (uid != 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
                     ::setresuid(uid, uid, uid) != 0)) {
      ::_exit(refusal());
    }
    // Only its exit status counts.
    ::close(STDOUT_FILENO);
    ::execl(kCopy, kCopy, attack, nullptr);
    ::_exit(refusal());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return refusal();
  return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

int gain_by_setuid(const char* /*operand*/) {
  if (const int error = copy_self(04755); error != 0) return error;
  return execute_copy("end-if-root", kUser);
}

int gain_by_file_capabilities(const char* /*operand*/) {
  if (const int error = copy_self(0755); error != 0) return error;
  vfs_cap_data rights{};
  rights.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  rights.data[0].permitted = 1U << CAP_CHOWN;
  if (::setxattr(kCopy, "security.capability", &rights, sizeof rights, 0) != 0) return refusal();
  return execute_copy("end-if-capable", kUser);
}

int lack_of_no_new_privileges(const char* /*operand*/) {
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? kSucceeded : EPERM;
}

int lack_of_no_new_privileges_later(const char* /*operand*/) {
  if (const int error = copy_self(0755); error != 0) return error;
  return execute_copy("end-if-unprotected", 0);
}

int hold_capability_beyond_list(const char* /*operand*/) {
  for (const char* set : {"CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"}) {
    if ((status_field(set) & ~kAllowedCapabilities) != 0) return kSucceeded;
  }
  return EPERM;
}

int hold_inheritable_capability(const char* /*operand*/) {
  return status_field("CapInh:") != 0 ? kSucceeded : EPERM;
}

// Shows that an inheritable set would be seen in a program that is executed with one.
int pass_on_capability(const char* /*operand*/) {
  if (const int error = copy_self(0755); error != 0) return error;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return refusal();
  data[0].inheritable = data[0].permitted;
  if (::syscall(SYS_capset, &header, data) != 0) return refusal();
  return execute_copy("end-if-inheriting", 0);
}

int hold_any_capability(const char* /*operand*/) {
  const std::uint64_t held = status_field("CapPrm:") | status_field("CapEff:") |
                             status_field("CapInh:") | status_field("CapAmb:");
  return held != 0 ? kSucceeded : EPERM;
}

int become_root(const char* /*operand*/) {
  return ::setresuid(0, 0, 0) == 0 ? kSucceeded : refusal();
}

int be_root(const char* /*operand*/) {
  return ::getuid() == 0 || ::geteuid() == 0 ? kSucceeded : EPERM;
}

// The "end-if" attacks are what a copy executes: they end at once with their verdict.
int end_if_root(const char* /*operand*/) {
  std::exit(::geteuid() == 0 ? kSucceeded : EPERM);
}

int end_if_capable(const char* operand) {
  std::exit(hold_any_capability(operand));
}

int end_if_inheriting(const char* operand) {
  std::exit(hold_inheritable_capability(operand));
}

int end_if_unprotected(const char* operand) {
  std::exit(lack_of_no_new_privileges(operand));
}

constexpr Attack kAttacks[] = {{"gain-by-setuid", gain_by_setuid},
                               {"gain-by-file-capabilities", gain_by_file_capabilities},
                               {"lack-of-no-new-privileges", lack_of_no_new_privileges},
                               {"lack-of-no-new-privileges-later", lack_of_no_new_privileges_later},
                               {"hold-capability-beyond-list", hold_capability_beyond_list},
                               {"hold-inheritable-capability", hold_inheritable_capability},
                               {"pass-on-capability", pass_on_capability},
                               {"end-if-inheriting", end_if_inheriting},
                               {"hold-any-capability", hold_any_capability},
                               {"become-root", become_root},
                               {"be-root", be_root},
                               {"end-if-root", end_if_root},
                               {"end-if-capable", end_if_capable},
                               {"end-if-unprotected", end_if_unprotected}};

}  // namespace

std::span<const Attack> privilege_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
