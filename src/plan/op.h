// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of a plan: everything that init can be told to do. Each operation is one or two
// system calls; which of them happen, in which order and with which values is decided by
// plan::compile() alone.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace warren::plan {

// Numbers are part of the plan's binary form: never reuse one.
enum class Op : std::uint16_t {
  // Building the sandbox. Performed once, by init.
  kPrivateMounts = 1,
  kEnterNamespace = 2,
  kNewFilesystem = 3,
  kCloneMount = 4,
  kMakeDirectory = 5,
  kMakeDevice = 6,
  kMakeSymlink = 7,
  kSetHostname = 8,
  kBecomeUser = 9,
  kUnshare = 10,
  kJoinCgroup = 11,
  kAttach = 12,
  kMask = 13,
  kRequireWritable = 14,
  kPivotRoot = 15,
  kDropBounding = 16,
  kCloseSlot = 17,
  kBecomeSubreaper = 18,
  kOnEndKill = 19,
  kListen = 20,
  kEndWithEngine = 21,
  // Starting a command. The first ones are performed by init, those after kSpawn by its new child.
  kOpenPipes = 64,
  kSpawn = 65,
  kNewSession = 66,
  kInstall = 67,
  kSetRlimit = 68,
  kSetAffinity = 69,
  kSetUmask = 70,
  kChangeDirectory = 71,
  kSetGroups = 72,
  kSetCapabilities = 73,
  kNoNewPrivileges = 74,
  kCloseFrom = 75,
  kSeccomp = 76,
  kExecute = 77,
  kOpenInput = 78,
};

struct OpName {
  Op op;
  const char* name;  // The stage in errors and causes: "start-failed(pivot-root)".
};

inline constexpr std::array kOpNames{
    OpName{Op::kPrivateMounts, "private-mounts"},
    OpName{Op::kEnterNamespace, "enter-namespace"},
    OpName{Op::kNewFilesystem, "new-filesystem"},
    OpName{Op::kCloneMount, "clone-mount"},
    OpName{Op::kMakeDirectory, "make-directory"},
    OpName{Op::kMakeDevice, "make-device"},
    OpName{Op::kMakeSymlink, "make-symlink"},
    OpName{Op::kSetHostname, "set-hostname"},
    OpName{Op::kBecomeUser, "become-user"},
    OpName{Op::kUnshare, "unshare"},
    OpName{Op::kJoinCgroup, "join-cgroup"},
    OpName{Op::kAttach, "attach"},
    OpName{Op::kMask, "mask"},
    OpName{Op::kRequireWritable, "require-writable"},
    OpName{Op::kPivotRoot, "pivot-root"},
    OpName{Op::kDropBounding, "drop-bounding"},
    OpName{Op::kCloseSlot, "close-slot"},
    OpName{Op::kBecomeSubreaper, "become-subreaper"},
    OpName{Op::kOnEndKill, "on-end-kill"},
    OpName{Op::kListen, "listen"},
    OpName{Op::kEndWithEngine, "end-with-engine"},
    OpName{Op::kOpenPipes, "open-pipes"},
    OpName{Op::kSpawn, "spawn"},
    OpName{Op::kNewSession, "new-session"},
    OpName{Op::kInstall, "install"},
    OpName{Op::kSetRlimit, "set-rlimit"},
    OpName{Op::kSetAffinity, "set-affinity"},
    OpName{Op::kSetUmask, "set-umask"},
    OpName{Op::kChangeDirectory, "change-directory"},
    OpName{Op::kSetGroups, "set-groups"},
    OpName{Op::kSetCapabilities, "set-capabilities"},
    OpName{Op::kNoNewPrivileges, "no-new-privileges"},
    OpName{Op::kCloseFrom, "close-from"},
    OpName{Op::kSeccomp, "seccomp"},
    OpName{Op::kExecute, "execute"},
    OpName{Op::kOpenInput, "open-input"},
};

// Null for a number that no operation has.
[[nodiscard]] constexpr const char* name_of(Op op) noexcept {
  for (const OpName& entry : kOpNames) {
    if (entry.op == op) return entry.name;
  }
  return nullptr;
}

// Where init keeps a descriptor. Those below kFirstMount are handed over by the engine; the others
// are filled by steps of the plan.
enum class Slot : std::int16_t {
  kNone = -1,
  kNull = 0,        // /dev/null of the host.
  kPlan = 1,        // The sealed memfd that holds the plan.
  kListener = 2,    // The socket at which a later engine finds this init.
  kNetwork = 3,     // A network namespace.
  kUsers = 4,       // A user namespace.
  kPool = 5,        // The pool of layers and images, id-mapped for kUsers.
  kInitTasks = 14,  // First of up to 10 files that put init into its cgroups.
  kWorkGroup = 24,  // Directory of the command's cgroup in the unified hierarchy.
  kWorkTasks = 25,  // First of up to 10 files that put the command into its cgroups.
  kKillFile = 35,   // Its cgroup.kill.
  kInput = 36,      // Read end of the command's standard input, made by kOpenInput.
  kStdoutLog = 37,
  kStderrLog = 38,
  kIndex = 39,
  kRecord = 40,      // Where starts and exits are written.
  kStdoutPipe = 41,  // Write ends, made by kOpenPipes.
  kStderrPipe = 42,
  kOutputEvent = 43,  // An eventfd: written whenever there is more output on disk.
  kCalls = 44,        // The socket at which the sandbox's processes call, made by kListen.
  kFirstMount = 48,
};
inline constexpr std::size_t kSlotCount = 72;

// Of a row of slots that begins with `first`.
[[nodiscard]] constexpr Slot slot_after(Slot first, std::size_t index) noexcept {
  return static_cast<Slot>(static_cast<std::size_t>(first) + index);
}

// Capabilities that a command may ever hold, and that the sandbox's own root does: chown,
// dac_override, fowner, fsetid, kill, setgid, setuid and net_bind_service (capabilities(7)).
inline constexpr std::uint64_t kRootCapabilities = 0x4fb;

}  // namespace warren::plan
