// SPDX-License-Identifier: Apache-2.0

#include "init/steps.h"

#include <array>

namespace warren::init {
namespace {

using plan::Op;

struct Entry {
  Op op;
  steps::Function* perform;
};

constexpr std::array kSteps{
    Entry{Op::kPrivateMounts, steps::private_mounts},
    Entry{Op::kEnterNamespace, steps::enter_namespace},
    Entry{Op::kNewFilesystem, steps::new_filesystem},
    Entry{Op::kCloneMount, steps::clone_mount},
    Entry{Op::kMakeDirectory, steps::make_directory},
    Entry{Op::kMakeDevice, steps::make_device},
    Entry{Op::kMakeSymlink, steps::make_symlink},
    Entry{Op::kSetHostname, steps::set_hostname},
    Entry{Op::kBecomeUser, steps::become_user},
    Entry{Op::kUnshare, steps::unshare},
    Entry{Op::kJoinCgroup, steps::join_cgroup},
    Entry{Op::kAttach, steps::attach},
    Entry{Op::kMask, steps::mask},
    Entry{Op::kRequireWritable, steps::require_writable},
    Entry{Op::kPivotRoot, steps::pivot_root},
    Entry{Op::kDropBounding, steps::drop_bounding},
    Entry{Op::kCloseSlot, steps::close_slot},
    Entry{Op::kBecomeSubreaper, steps::become_subreaper},
    Entry{Op::kOnEndKill, steps::on_end_kill},
    Entry{Op::kListen, steps::listen},
    Entry{Op::kEndWithEngine, steps::end_with_engine},
    Entry{Op::kNewSession, steps::new_session},
    Entry{Op::kInstall, steps::install},
    Entry{Op::kSetRlimit, steps::set_rlimit},
    Entry{Op::kSetAffinity, steps::set_affinity},
    Entry{Op::kSetUmask, steps::set_umask},
    Entry{Op::kChangeDirectory, steps::change_directory},
    Entry{Op::kSetGroups, steps::set_groups},
    Entry{Op::kSetCapabilities, steps::set_capabilities},
    Entry{Op::kNoNewPrivileges, steps::no_new_privileges},
    Entry{Op::kCloseFrom, steps::close_from},
    Entry{Op::kSeccomp, steps::seccomp},
    Entry{Op::kExecute, steps::execute},
};

}  // namespace

os::KernelResult<> perform(Sandbox& sandbox, const plan::StepView& step) noexcept {
  for (const Entry& entry : kSteps) {
    if (entry.op == step.op()) return entry.perform(sandbox, step);
  }
  return std::unexpected(os::Errno{ENOSYS});
}

}  // namespace warren::init
