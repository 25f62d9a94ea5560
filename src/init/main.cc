// SPDX-License-Identifier: Apache-2.0
//
// warren-init: PID 1 of a sandbox. The engine executes it with a control socket as descriptor 3.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <tuple>

#include "init/init.h"
#include "os/credentials.h"
#include "os/process.h"

namespace {

constexpr int kControl = 3;

// The engine's session keyring is not the sandbox's. A kernel without keyrings, or a host that
// forbids them, has none to share.
bool leave_keyring() noexcept {
  const auto left = warren::os::join_new_session_keyring();
  return left || left.error().value == ENOSYS || left.error().value == EPERM;
}

}  // namespace

int main() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // What the engine ignores, such as SIGPIPE, its commands shall not.
  warren::os::reset_signal_dispositions();
  // Nobody reads this memory, not even before the user namespace takes the right to.
  std::ignore = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(0);
  if (!leave_keyring()) return 1;
  std::ignore = warren::os::close_from(kControl + 1, warren::os::Unshare::kNo);
  warren::init::Init self;
  if (!self.launch(warren::os::UniqueFd(kControl))) return 1;
  return self.run();
}
