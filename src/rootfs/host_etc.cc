// SPDX-License-Identifier: Apache-2.0

#include "rootfs/host_etc.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>
#include <string_view>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/directory_entries.h"
#include "rootfs/pool_directories.h"

namespace warren::rootfs {
namespace {

using os::KernelResult;
using os::UniqueFd;

struct GeneratedFile {
  const char* name;
  std::string_view text;
};

constexpr GeneratedFile kGenerated[] = {
    {"passwd",
     "root:x:0:0:root:/root:/bin/sh\n"
     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
     "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
     "sys:x:3:3:sys:/dev:/usr/sbin/nologin\n"
     "user:x:1000:1000:user:/home/user:/bin/sh\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {"group",
     "root:x:0:\n"
     "daemon:x:1:\n"
     "bin:x:2:\n"
     "sys:x:3:\n"
     "tty:x:5:\n"
     "user:x:1000:\n"
     "nogroup:x:65534:\n"},
    {"hosts",
     "127.0.0.1 localhost\n"
     "::1 localhost ip6-localhost ip6-loopback\n"},
    {"resolv.conf", "# This sandbox has no network, so there is nobody to ask.\n"},
    {"nsswitch.conf",
     "passwd: files\n"
     "group: files\n"
     "shadow: files\n"
     "hosts: files dns\n"
     "networks: files\n"
     "services: files\n"
     "protocols: files\n"},
};

// Copied with their content. The link localtime is followed: its target decides the time zone.
constexpr std::array kCopied = {"etc/ld.so.cache", "etc/localtime"};
// Copied with the links and files in them.
constexpr std::array kCopiedDirectories = {"etc/alternatives", "etc/ssl/certs"};
static_assert(kCopiedDirectories.size() + 1 == kHostEtcDirectories);

const char* below_etc(const char* path) noexcept {
  return path + std::string_view("etc/").size();
}

KernelResult<UniqueFd> create_file(int directory, const char* path) noexcept {
  constexpr mode_t kMode = 0644;
  auto file = WARREN_TRY(os::open_at(directory, path, O_WRONLY | O_CREAT | O_EXCL, kMode));
  const auto exact = os::call([&] { return ::fchmod(file.get(), kMode); });
  if (!exact) return std::unexpected(exact.error());
  return file;
}

// Follows links at the source, which only the machine's own root can place, and leaves out what is
// no regular file or does not exist.
KernelResult<> copy_content(int source_directory, const char* source, int directory,
                            const char* path) noexcept {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  const auto from = os::call_for_fd([&] { return ::openat(source_directory, source, kFlags); });
  struct stat status {};
  if (!from || ::fstat(from->get(), &status) < 0 || !S_ISREG(status.st_mode)) return {};
  const UniqueFd to = WARREN_TRY(create_file(directory, path));
  constexpr std::size_t kChunk = 1 << 20;
  for (;;) {
    const auto sent = os::call_for<std::size_t>(
        [&] { return ::sendfile(to.get(), from->get(), nullptr, kChunk); });
    if (!sent) return std::unexpected(sent.error());
    if (*sent == 0) return {};
  }
}

// Whether a link still leads somewhere in the sandbox, which sees /usr and this directory.
bool can_stay(std::string_view target) noexcept {
  return target.starts_with("/usr/") || target.find('/') == std::string_view::npos;
}

KernelResult<> copy_entry(int source, const char* name, int directory) noexcept {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlinkat(source, name, target.data(), target.size() - 1);
  if (length < 0 || !can_stay({target.data(), static_cast<std::size_t>(length)})) {
    return copy_content(source, name, directory, name);
  }
  return os::call([&] { return ::symlinkat(target.data(), directory, name); });
}

KernelResult<> make_directories(int etc, int host_root) noexcept {
  auto made = make_directory_exactly(etc, "ssl", 0755);
  for (const char* path : kCopiedDirectories) {
    if (made && os::open_at(host_root, path, O_RDONLY | O_DIRECTORY)) {
      made = make_directory_exactly(etc, below_etc(path), 0755);
    }
  }
  return made;
}

KernelResult<> copy_directory(int host_root, const char* path, int etc) {
  const auto source = os::open_at(host_root, path, O_RDONLY | O_DIRECTORY);
  if (!source) return {};  // This machine has none.
  const UniqueFd directory = WARREN_TRY(os::open_at(etc, below_etc(path), O_RDONLY | O_DIRECTORY));
  for (const std::string& name : WARREN_TRY(entry_names(source->get(), "."))) {
    const auto copied = copy_entry(source->get(), name.c_str(), directory.get());
    if (!copied) return copied;
  }
  return {};
}

KernelResult<> generate(int etc, const GeneratedFile& generated) noexcept {
  const UniqueFd file = WARREN_TRY(create_file(etc, generated.name));
  return os::write_all(file.get(), std::as_bytes(std::span(generated.text)));
}

}  // namespace

Result<> write_host_etc(int etc, int host_root) {
  WARREN_TRY(os::context(make_directories(etc, host_root), "making directories in /etc"));
  for (const GeneratedFile& generated : kGenerated) {
    WARREN_TRY(os::context(generate(etc, generated), "writing /etc/{}", generated.name));
  }
  for (const char* path : kCopied) {
    WARREN_TRY(
        os::context(copy_content(host_root, path, etc, below_etc(path)), "copying /{}", path));
  }
  for (const char* path : kCopiedDirectories) {
    WARREN_TRY(os::context(copy_directory(host_root, path, etc), "copying /{}", path));
  }
  return {};
}

std::string host_etc_fingerprint(int host_root) {
  std::string text;
  const auto add = [&](const char* path) {
    struct stat status {};
    if (::fstatat(host_root, path, &status, 0) < 0) return;
    text += fmt::format("{} {} {} {}.{}\n", path, status.st_ino, status.st_size,
                        status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  };
  for (const char* path : kCopied) add(path);
  for (const char* path : kCopiedDirectories) add(path);
  add("etc/ssl/certs/ca-certificates.crt");  // Rewritten in place when certificates change.
  for (const GeneratedFile& generated : kGenerated) text += generated.text;
  return text;
}

}  // namespace warren::rootfs
