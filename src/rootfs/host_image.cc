// SPDX-License-Identifier: Apache-2.0

#include "rootfs/host_image.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/btrfs_volume.h"
#include "rootfs/directory_entries.h"
#include "rootfs/host_etc.h"
#include "rootfs/inode_numbers.h"
#include "rootfs/pool_directories.h"

namespace warren::rootfs {
namespace {

using os::UniqueFd;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr const char* kImages = "images/host";

// Changes whenever this file builds the same machine's skeleton in another way.
constexpr std::string_view kFormat = "2";

struct SkeletonDirectory {
  const char* path;
  mode_t mode;
};
constexpr SkeletonDirectory kDirectories[] = {
    {"tmp", 01777}, {"work", 0755},     {"run", 0755},  {"var", 0755},
    {"etc", 0755},  {"var/tmp", 01777}, {"home", 0755}, {"home/user", 0755},
    {"root", 0700}, {"opt", 0755},      {"srv", 0755},  {"mnt", 0755},
};
static_assert(std::size(kDirectories) + kHostEtcDirectories <= kImageDirectories);
constexpr std::array kMountPoints = {"proc", "sys", "dev", "usr"};
constexpr id_t kUser = 1000;  // Of the account `user` in /etc/passwd.

// Links into /usr where the machine has merged them, directories of their own where not.
constexpr std::array kProgramDirectories = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

struct ProgramDirectory {
  std::string name;
  std::string link;  // Empty for a real directory.
};

// A link that leaves /usr would show something that the sandbox does not have: it is left out.
std::vector<ProgramDirectory> program_directories(int host_root) {
  std::vector<ProgramDirectory> found;
  for (const char* name : kProgramDirectories) {
    struct stat status {};
    if (::fstatat(host_root, name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (S_ISDIR(status.st_mode)) found.push_back({name, ""});
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(host_root, name, target.data(), target.size());
    if (length <= 0) continue;
    const std::string_view link(target.data(), static_cast<std::size_t>(length));
    if (link.starts_with("usr/") || link.starts_with("/usr/")) {
      found.push_back({name, std::string(link)});
    }
  }
  return found;
}

// FNV-1a: names a version, and protects against nothing.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x0000'0100'0000'01b3;
  }
  return fmt::format("{:016x}", hash);
}

std::string version_of(PoolKind kind, int host_root,
                       const std::vector<ProgramDirectory>& programs) {
  std::string text =
      fmt::format("{} {}\n{}", kFormat, kind == PoolKind::kBtrfs, host_etc_fingerprint(host_root));
  for (const auto& [name, link] : programs) text += fmt::format("{} -> {}\n", name, link);
  return digest(text);
}

Result<> make_mount_points(int image, const std::vector<ProgramDirectory>& programs) {
  for (const char* path : kMountPoints) {
    WARREN_TRY(os::context(make_directory_exactly(image, path, 0755), "making /{}", path));
  }
  for (const auto& [name, link] : programs) {
    const auto made =
        link.empty() ? make_directory_exactly(image, name.c_str(), 0755)
                     : os::call([&] { return ::symlinkat(link.c_str(), image, name.c_str()); });
    WARREN_TRY(os::context(made, "making /{}", name));
  }
  return {};
}

// The directories that can be seen come first: src/rootfs/inode_numbers.h.
Result<> fill(int image, int host_root, const std::vector<ProgramDirectory>& programs) {
  for (const auto& [path, mode] : kDirectories) {
    WARREN_TRY(os::context(make_directory_exactly(image, path, mode), "making /{}", path));
  }
  WARREN_TRY(os::context(
      os::call([&] { return ::fchownat(image, "home/user", kUser, kUser, AT_SYMLINK_NOFOLLOW); }),
      "giving away /home/user"));
  const UniqueFd etc =
      WARREN_TRY(os::context(os::open_at(image, "etc", kDirectory), "opening /etc"));
  WARREN_TRY(write_host_etc(etc.get(), host_root));
  return make_mount_points(image, programs);
}

os::KernelResult<> make_root(PoolKind kind, int images, const char* name) noexcept {
  if (kind != PoolKind::kBtrfs) return make_directory_exactly(images, name, 0755);
  const auto made = create_subvolume(images, name);
  if (!made) return made;
  return os::call([&] { return ::fchmodat(images, name, 0755, 0); });
}

Result<> build(PoolKind kind, int images, const std::string& version, int host_root,
               const std::vector<ProgramDirectory>& programs) {
  const std::string unfinished = fmt::format("{}.tmp-{}", version, ::getpid());
  // What a process of this number left behind when it was killed.
  WARREN_TRY(os::context(remove_tree(images, unfinished.c_str()), "removing {}", unfinished));
  WARREN_TRY(os::context(make_root(kind, images, unfinished.c_str()), "making {}", unfinished));
  const UniqueFd image = WARREN_TRY(
      os::context(os::open_at(images, unfinished.c_str(), kDirectory), "opening {}", unfinished));
  auto built = fill(image.get(), host_root, programs);
  if (built) {
    built = os::context(
        os::call([&] { return ::renameat(images, unfinished.c_str(), images, version.c_str()); }),
        "naming {}", version);
  }
  if (!built) std::ignore = remove_tree(images, unfinished.c_str());  // The first error counts.
  return built;
}

// Older versions go when no sandbox can have one of them below its layer.
void remove_other_versions(int pool_root, int images, const std::string& version) {
  const auto layers = entry_names(pool_root, "layers");
  if (!layers || !layers->empty()) return;
  const auto names = entry_names(images, ".");
  if (!names) return;
  for (const std::string& name : *names) {
    if (name != version) std::ignore = remove_tree(images, name.c_str());  // Costs only space.
  }
}

}  // namespace

Result<HostImage> refresh_host_image(int pool_root, PoolKind kind, const std::string& host_root) {
  const UniqueFd host = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, host_root.c_str(), kDirectory), "opening {}", host_root));
  const auto programs = program_directories(host.get());
  const std::string version = version_of(kind, host.get(), programs);

  const auto made = make_directory_exactly(pool_root, kImages, 0700);
  if (!made && made.error() != os::Errno{EEXIST}) {
    return fail(os::to_errc(made.error()), "making {}: {}", kImages, os::message(made.error()));
  }
  const UniqueFd images =
      WARREN_TRY(os::context(os::open_at(pool_root, kImages, kDirectory), "opening {}", kImages));
  if (!os::open_at(images.get(), version.c_str(), kDirectory)) {
    WARREN_TRY(
        context(build(kind, images.get(), version, host.get(), programs), "building image host"));
    remove_other_versions(pool_root, images.get(), version);
  }

  HostImage image{.path = fmt::format("{}/{}", kImages, version), .binds = {"usr"}};
  for (const auto& [name, link] : programs) {
    if (link.empty()) image.binds.push_back(name);
  }
  return image;
}

}  // namespace warren::rootfs
