// SPDX-License-Identifier: Apache-2.0
//
// Limits, accounting, freezing and killing of groups of processes. One interface, two
// implementations: the unified hierarchy (cgroups(7), version 2) and hosts that mount version 1 or
// both. What the host cannot enforce is an error, never silently dropped.
//
// A tree of an engine starts at a directory of its own ("warren-<tag>") below the cgroup the engine
// was started in, in every hierarchy it uses. In it stands one leaf `init` for the inits of all
// sandboxes, which no limit of a sandbox reaches, and one group for each sandbox.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/limits.h"
#include "model/usage.h"
#include "os/unique_fd.h"

namespace warren::cgroup {

// Something that hosts differ in.
struct Capability {
  std::string name;  // "limit.memory", "limit.io", "freeze", ...
  bool available = false;
  bool restricted = false;  // Available within what `detail` says.
  std::string detail;       // How it is done, or why not and how to get it.
};

// Descriptors through which a process enters a group.
struct Entry {
  // Directory of the group in the unified hierarchy, for CLONE_INTO_CGROUP; invalid where none is
  // mounted.
  os::UniqueFd unified;
  // cgroup.procs of the same group. Opened by root, it takes "0" from any process that holds it,
  // also where CLONE_INTO_CGROUP fails: for a process in a cgroup namespace that does not show the
  // group, if the hierarchy is mounted with nsdelegate (ENOENT). Slower by milliseconds.
  os::UniqueFd unified_procs;
  // Files that take "0" from the entering thread itself, one for each version 1 hierarchy.
  std::vector<os::UniqueFd> tasks;
};

// How often something happened to a group since it was made.
struct Events {
  std::uint64_t oom_kills = 0;
};

// What a group may use at most, all groups around it considered; absent: nothing bounds it.
struct MemoryBounds {
  std::optional<Bytes> memory;
  std::optional<Bytes> swap;  // Beyond `memory`.
  friend bool operator==(const MemoryBounds&, const MemoryBounds&) = default;
};

// Where the directory of an engine is made.
struct Parent {
  std::string cgroups;              // As /proc/PID/cgroup says of the engine: cgroups(7).
  std::optional<std::string> root;  // The path within each hierarchy, instead of those.
  friend bool operator==(const Parent& one, const Parent& other) {
    return one.root == other.root && (one.root || one.cgroups == other.cgroups);
  }
};

// Below `root`; below the caller's own cgroups where that is absent.
[[nodiscard]] Result<Parent> own_parent(std::optional<std::string> root);

// A group by its name within the tree: its id after those of the groups around it, outermost
// first ("<parent id>/<id>").
using GroupName = std::string;

// May be used by several threads at once, for different groups.
class Tree {
 public:
  virtual ~Tree() = default;

  // Opens the hierarchies of this host below `parent` and makes the engine's directories there.
  // `tag` makes the names of engines with different state directories differ.
  [[nodiscard]] static Result<std::unique_ptr<Tree>> open(std::string_view tag,
                                                          const Parent& parent);

  [[nodiscard]] virtual std::vector<Capability> capabilities() const = 0;

  // Fails with kFailedPrecondition, naming the limit and the reason, when this host cannot hold one
  // of them.
  [[nodiscard]] virtual Result<> check(const model::Limits& limits) const = 0;

  // Makes a group with its limits set before anything can enter it. `device` is the block device
  // ("8:0") that holds the sandbox's files, for I/O limits. A group below another needs that one to
  // exist; what entry() said of that one before may no longer hold. On failure nothing is left.
  [[nodiscard]] virtual Result<> create(const GroupName& name, const model::Limits& limits,
                                        const std::string& device) = 0;

  [[nodiscard]] virtual Result<Entry> entry(const GroupName& name) = 0;
  [[nodiscard]] virtual Result<Entry> init_entry() = 0;

  // Lets processes of host user `uid` clone into the group (the group's init, once it has become
  // the sandbox's root), provided that they hold entry(): nobody but root finds the group by name.
  [[nodiscard]] virtual Result<> allow_entry(const GroupName& name, std::uint32_t uid) = 0;

  [[nodiscard]] virtual Result<model::Usage> usage(const GroupName& name) = 0;
  [[nodiscard]] virtual Result<Events> events(const GroupName& name) = 0;
  // As the hierarchy says now; of the groups around the engine's directory, as it said at open().
  [[nodiscard]] virtual Result<MemoryBounds> memory_bounds(const GroupName& name) = 0;

  // A line about the group that lives and ends with it, for a later engine. Nothing inside can read
  // or change it (xattr(7), "trusted"). A group without one has an empty note.
  [[nodiscard]] virtual Result<> set_note(const GroupName& name, std::string_view note) = 0;
  [[nodiscard]] virtual Result<std::string> note(const GroupName& name) = 0;

  [[nodiscard]] virtual Result<> freeze(const GroupName& name) = 0;
  [[nodiscard]] virtual Result<> thaw(const GroupName& name) = 0;
  // Sends `signal` to every process of the group and of the groups below it.
  [[nodiscard]] virtual Result<> signal(const GroupName& name, int signal) = 0;
  // Kills every process of the group and below, also frozen ones and ones being forked.
  [[nodiscard]] virtual Result<> kill(const GroupName& name) = 0;
  // The descriptor whose write of "1" kills the group, where the kernel has one: init holds it.
  [[nodiscard]] virtual Result<os::UniqueFd> kill_file(const GroupName& name) = 0;

  [[nodiscard]] virtual Result<bool> is_populated(const GroupName& name) = 0;
  // Where the group is, in the hierarchy through which it is found, and its processes and those of
  // the groups below it.
  [[nodiscard]] virtual Result<std::string> path(const GroupName& name) = 0;
  [[nodiscard]] virtual Result<std::vector<pid_t>> members(const GroupName& name) = 0;
  // Removes an empty group from every hierarchy; one that does not exist is already removed. Waits
  // up to two seconds for processes that are dying. Fails with kFailedPrecondition while it has
  // processes or groups below it.
  [[nodiscard]] virtual Result<> remove(const GroupName& name) = 0;

  // Every group of this tree that exists, for recovery.
  [[nodiscard]] virtual Result<std::vector<GroupName>> list() = 0;

  // Removes the engine's own directories; every group must have been removed before.
  [[nodiscard]] virtual Result<> close() = 0;
};

}  // namespace warren::cgroup
