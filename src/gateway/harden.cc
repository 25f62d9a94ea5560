// SPDX-License-Identifier: Apache-2.0

#include "gateway/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "os/call.h"
#include "os/context.h"
#include "os/credentials.h"
#include "os/process.h"

namespace warren::gateway {
namespace {

// Each of these needs a privilege that the next takes away.
os::KernelResult<> become(const os::Account& account) {
  WARREN_TRY(os::drop_bounding(0));
  WARREN_TRY(os::set_groups({}));
  return os::become_user(account.uid, account.gid);
}

// Whoever has started this program may have asked the kernel that it does not outlive them, which a
// change of the user makes the kernel forget: prctl(2) PR_SET_PDEATHSIG.
os::KernelResult<> become_and_stay_a_child(const os::Account& account) {
  const pid_t parent = ::getppid();
  int signal = 0;
  WARREN_TRY(os::call([&] { return ::prctl(PR_GET_PDEATHSIG, &signal); }));
  WARREN_TRY(become(account));
  if (signal == 0) return {};
  WARREN_TRY(os::call([&] { return ::prctl(PR_SET_PDEATHSIG, signal); }));
  if (::getppid() == parent) return {};
  return std::unexpected(os::Errno{ESRCH});
}

os::KernelResult<> give_up_the_rest() {
  WARREN_TRY(os::set_capabilities(0));
  WARREN_TRY(os::forbid_new_privileges());
  return os::keep_memory_private();
}

}  // namespace

void clear_environment() {
  // Not only its list: whatever the starter had in it stays in this process otherwise.
  for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
    ::explicit_bzero(*each, std::strlen(*each));
  }
  ::clearenv();
}

Result<> drop_privileges(const os::Account& account) {
  if (::geteuid() == 0) {
    WARREN_TRY(os::context(become_and_stay_a_child(account), "becoming the gateway's user"));
  }
  WARREN_TRY(os::context(give_up_the_rest(), "giving up privileges"));
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  WARREN_TRY(
      os::context(os::call([&] { return ::getresuid(&real, &effective, &saved); }), "getresuid"));
  if (account.uid != 0 && real == account.uid && effective == account.uid && saved == account.uid) {
    return {};
  }
  return fail(Errc::kPermissionDenied, "the gateway runs as its own user, or is started by root");
}

Result<> limit_memory(Bytes most) {
  const rlimit limit{.rlim_cur = most.value, .rlim_max = most.value};
  return os::context(os::call([&] { return ::setrlimit(RLIMIT_DATA, &limit); }), "limiting memory");
}

}  // namespace warren::gateway
