// SPDX-License-Identifier: Apache-2.0
//
// The operations of a plan, each as a function of a few system calls. Which of them happen, in
// which order and with which values, the engine has decided. Nothing here allocates.

#pragma once

#include "init/slots.h"
#include "os/errno.h"
#include "plan/format.h"

namespace warren::init {

// What is left of the plan once the sandbox stands.
struct Sandbox {
  Slots slots;
  bool kills_namespace = false;              // At the end: everything in its pid namespace,
  plan::Slot kill_file = plan::Slot::kNone;  // or everything in this cgroup.
  bool ends_with_engine = false;             // The end has come as soon as there is no engine.
};

[[nodiscard]] os::KernelResult<> perform(Sandbox& sandbox, const plan::StepView& step) noexcept;

// One function for each operation: build_steps.cc has those that build the sandbox,
// command_steps.cc those that make the command. kSpawn, kOpenPipes and kOpenInput belong to init
// itself (process.h).
namespace steps {
using Function = os::KernelResult<>(Sandbox&, const plan::StepView&) noexcept;

Function private_mounts;
Function enter_namespace;
Function new_filesystem;
Function clone_mount;
Function make_directory;
Function make_device;
Function make_symlink;
Function set_hostname;
Function become_user;
Function unshare;
Function join_cgroup;
Function attach;
Function mask;
Function require_writable;
Function pivot_root;
Function drop_bounding;
Function close_slot;
Function become_subreaper;
Function on_end_kill;
Function listen;
Function end_with_engine;

Function new_session;
Function install;
Function set_rlimit;
Function set_affinity;
Function set_umask;
Function change_directory;
Function set_groups;
Function set_capabilities;
Function no_new_privileges;
Function close_from;
Function seccomp;
Function execute;
}  // namespace steps

}  // namespace warren::init
