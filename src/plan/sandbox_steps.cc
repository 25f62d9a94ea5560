// SPDX-License-Identifier: Apache-2.0
//
// The order of the isolated profile matters; docs/design/launch-sequence.md explains it. In short:
// what needs the host's root (devices, mounts that a user namespace may not make) is made first and
// kept detached; then init enters the sandbox's user namespace for good; what it attaches from
// there on belongs to a mount namespace of the sandbox, on which the host's root has no hold from
// inside.

#include "plan/sandbox_steps.h"

#include <fmt/format.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/sysmacros.h>

#include <array>
#include <string>
#include <string_view>

namespace warren::plan {
namespace {

constexpr std::uint64_t kQuiet = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// Where the plan keeps the mounts it makes.
constexpr Slot kProc = Slot::kFirstMount;
constexpr Slot kSys = slot_after(Slot::kFirstMount, 1);
constexpr Slot kDev = slot_after(Slot::kFirstMount, 2);
constexpr Slot kPts = slot_after(Slot::kFirstMount, 3);
constexpr Slot kShm = slot_after(Slot::kFirstMount, 4);
constexpr Slot kEmpty = slot_after(Slot::kFirstMount, 5);
constexpr Slot kRoot = slot_after(Slot::kFirstMount, 6);
constexpr Slot kFirstReadOnly = slot_after(Slot::kFirstMount, 7);
constexpr Slot kMemory = slot_after(Slot::kFirstMount, 11);
constexpr Slot kFirstTree = slot_after(Slot::kFirstMount, 12);

// Files of /proc that tell of the host or act on it, and are not already the host root's alone.
constexpr std::array kMaskedFiles{"kcore",         "keys",       "key-users",   "timer_list",
                                  "sysrq-trigger", "kallsyms",   "kmsg",        "latency_stats",
                                  "sched_debug",   "kpagecount", "kpageflags",  "kpagecgroup",
                                  "vmallocinfo",   "slabinfo",   "pagetypeinfo"};
constexpr std::array kMaskedDirectories{"acpi", "scsi"};
constexpr std::array kReadOnlyDirectories{"sys", "irq", "bus", "fs"};
constexpr std::array kMaskedSysDirectories{"firmware", "kernel/security", "kernel/debug",
                                           "kernel/tracing", "devices/virtual/powercap"};

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};
constexpr std::array kDevices{Device{"null", 1, 3},   Device{"zero", 1, 5},    Device{"full", 1, 7},
                              Device{"random", 1, 8}, Device{"urandom", 1, 9}, Device{"tty", 5, 0}};

struct Link {
  const char* name;
  const char* target;
};
constexpr std::array kDeviceLinks{Link{"fd", "/proc/self/fd"}, Link{"stdin", "/proc/self/fd/0"},
                                  Link{"stdout", "/proc/self/fd/1"},
                                  Link{"stderr", "/proc/self/fd/2"}, Link{"ptmx", "pts/ptmx"}};

void add_devices(std::vector<Step>& steps, const Resources& resources) {
  const std::string owner = fmt::format("uid={}", resources.first_id);
  const std::string group = fmt::format("gid={}", resources.first_id);
  steps.push_back({.op = Op::kNewFilesystem,
                   .slot = kDev,
                   .a = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                   .texts = {"tmpfs", owner, group, "mode=755", "size=64k", "nr_inodes=128"}});
  for (const Device& device : kDevices) {
    steps.push_back({.op = Op::kMakeDevice,
                     .slot = kDev,
                     .a = 020666,
                     .b = makedev(device.major, device.minor),
                     .texts = {device.name}});
  }
  for (const char* directory : {"pts", "shm"}) {
    steps.push_back({.op = Op::kMakeDirectory, .slot = kDev, .a = 0755, .texts = {directory}});
  }
  for (const Link& link : kDeviceLinks) {
    steps.push_back({.op = Op::kMakeSymlink, .slot = kDev, .texts = {link.name, link.target}});
  }
  // Without a bound of its own a sandbox could take the terminals of all others.
  steps.push_back({.op = Op::kNewFilesystem,
                   .slot = kPts,
                   .a = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                   .texts = {"devpts", "ptmxmode=0666", "mode=0620", "max=256"}});
  steps.push_back({.op = Op::kNewFilesystem,
                   .slot = kShm,
                   .a = kQuiet,
                   .texts = {"tmpfs", owner, group, "mode=1777", "size=64M", "nr_inodes=65536"}});
}

// Everything that only the host's root can make.
void add_privileged_mounts(std::vector<Step>& steps, const Image& image,
                           const Resources& resources) {
  steps.push_back({.op = Op::kNewFilesystem,
                   .slot = kProc,
                   .a = kQuiet,
                   .texts = {"proc", "hidepid=invisible"}});
  steps.push_back({.op = Op::kEnterNamespace, .slot = Slot::kNetwork, .a = CLONE_NEWNET});
  steps.push_back({.op = Op::kNewFilesystem,
                   .slot = kSys,
                   .a = kQuiet | MOUNT_ATTR_RDONLY,
                   .texts = {"sysfs"}});
  add_devices(steps, resources);
  // One directory for all sandboxes: a file system each would cost a superblock more.
  steps.push_back({.op = Op::kCloneMount,
                   .slot = kEmpty,
                   .a = kQuiet | MOUNT_ATTR_RDONLY,
                   .texts = {"/empty"}});
  for (std::size_t index = 0; index < image.host_trees.size(); ++index) {
    steps.push_back({.op = Op::kCloneMount,
                     .slot = slot_after(kFirstTree, index),
                     .a = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                     .texts = {"/host/" + image.host_trees[index]}});
  }
}

void add_root(std::vector<Step>& steps, const Image& image, const Resources& resources) {
  const auto below = [&resources](std::string_view option, std::string_view leaf) {
    return fmt::format("{}=/pool/{}/{}", option, resources.sandbox_dir, leaf);
  };
  steps.push_back({.op = Op::kAttach, .slot = Slot::kPool, .texts = {"/pool"}});
  steps.push_back(
      {.op = Op::kNewFilesystem,
       .slot = kRoot,
       .a = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
       .texts = {"overlay", "lowerdir=/pool/" + image.layers, below("upperdir", "upper"),
                 below("workdir", "work"), "userxattr", "volatile"}});
  // An overlay on a full quota or a read-only pool is mounted all the same, and only then says so.
  steps.push_back({.op = Op::kRequireWritable, .slot = kRoot});
  steps.push_back({.op = Op::kAttach, .slot = kRoot, .texts = {"/mnt"}});
  for (std::size_t index = 0; index < image.host_trees.size(); ++index) {
    steps.push_back({.op = Op::kAttach,
                     .slot = slot_after(kFirstTree, index),
                     .other = kRoot,
                     .texts = {image.host_trees[index]}});
  }
}

void add_masks(std::vector<Step>& steps) {
  for (std::size_t index = 0; index < kReadOnlyDirectories.size(); ++index) {
    const Slot slot = slot_after(kFirstReadOnly, index);
    steps.push_back({.op = Op::kCloneMount,
                     .slot = slot,
                     .other = kProc,
                     .a = MOUNT_ATTR_RDONLY,
                     .texts = {kReadOnlyDirectories[index]}});
    steps.push_back(
        {.op = Op::kAttach, .slot = slot, .other = kProc, .texts = {kReadOnlyDirectories[index]}});
  }
  const auto mask = [&steps](Slot with, Slot at, const char* source, const char* target) {
    steps.push_back({.op = Op::kMask, .slot = with, .other = at, .texts = {source, target}});
  };
  for (const char* file : kMaskedFiles) mask(kDev, kProc, "null", file);
  for (const char* directory : kMaskedDirectories) mask(kEmpty, kProc, "", directory);
  for (const char* directory : kMaskedSysDirectories) mask(kEmpty, kSys, "", directory);
}

// What a program sizes itself by is what its limit leaves it.
void add_meminfo(std::vector<Step>& steps, const Resources& resources) {
  if (!resources.has_meminfo) return;
  steps.push_back({.op = Op::kCloneMount,
                   .slot = kMemory,
                   .other = Slot::kPool,
                   .a = kQuiet | MOUNT_ATTR_RDONLY,
                   .texts = {fmt::format("{}/{}", resources.sandbox_dir, kMeminfo)}});
  steps.push_back({.op = Op::kAttach, .slot = kMemory, .other = kProc, .texts = {"meminfo"}});
}

void add_cgroup(std::vector<Step>& steps, const Resources& resources) {
  for (std::uint32_t index = 0; index < resources.init_tasks; ++index) {
    steps.push_back({.op = Op::kJoinCgroup, .slot = slot_after(Slot::kInitTasks, index)});
  }
}

}  // namespace

std::vector<Step> isolated_sandbox(const Image& image, const Resources& resources) {
  std::vector<Step> steps;
  add_cgroup(steps, resources);
  add_privileged_mounts(steps, image, resources);
  steps.push_back({.op = Op::kSetHostname, .texts = {resources.hostname}});

  // From here on init is nobody on the host.
  steps.push_back({.op = Op::kEnterNamespace, .slot = Slot::kUsers, .a = CLONE_NEWUSER});
  steps.push_back({.op = Op::kBecomeUser, .a = 0, .b = 0});
  // Not at its birth: the last process to leave a mount namespace waits for a grace period.
  steps.push_back({.op = Op::kUnshare, .a = CLONE_NEWNS});
  steps.push_back({.op = Op::kPrivateMounts});

  add_root(steps, image, resources);
  const auto attach = [&steps](Slot mount, Slot at, const char* path) {
    steps.push_back({.op = Op::kAttach, .slot = mount, .other = at, .texts = {path}});
  };
  attach(kProc, kRoot, "proc");
  attach(kSys, kRoot, "sys");
  attach(kDev, kRoot, "dev");
  attach(kPts, kDev, "pts");
  // Masks are clones of it, and Linux 6.1 clones only what is attached. Here nobody ever sees it.
  attach(kEmpty, kDev, "shm");
  attach(kShm, kDev, "shm");
  add_masks(steps);
  add_meminfo(steps, resources);
  steps.push_back({.op = Op::kPivotRoot, .slot = kRoot});
  steps.push_back({.op = Op::kCloseSlot,
                   .slot = Slot::kNetwork,
                   .a = static_cast<std::uint64_t>(Slot::kWorkGroup) -
                        static_cast<std::uint64_t>(Slot::kNetwork)});
  steps.push_back({.op = Op::kCloseSlot,
                   .slot = Slot::kFirstMount,
                   .a = kSlotCount - static_cast<std::uint64_t>(Slot::kFirstMount)});
  steps.push_back({.op = Op::kDropBounding, .a = kRootCapabilities});
  steps.push_back({.op = Op::kOnEndKill, .a = 1});
  return steps;
}

std::vector<Step> host_sandbox(const Resources& resources) {
  std::vector<Step> steps;
  add_cgroup(steps, resources);
  steps.push_back({.op = Op::kBecomeSubreaper});
  if (resources.has_kill_file) steps.push_back({.op = Op::kOnEndKill, .slot = Slot::kKillFile});
  return steps;
}

}  // namespace warren::plan
