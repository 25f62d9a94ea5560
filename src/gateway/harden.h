// SPDX-License-Identifier: Apache-2.0
//
// How the gateway gives up everything that it does not need, in two steps: what it may be, before
// it does anything else, and what it may ask of the kernel, once everything is set up.

#pragma once

#include "base/result.h"
#include "base/size.h"
#include "os/account.h"

namespace warren::gateway {

// Nothing of the environment is left: no library reads a configuration or writes a file because of
// it.
void clear_environment();

// The process, which has one thread as yet, becomes `account` without any privilege, and cannot
// gain one: no groups but its own, no capabilities, no dumps, no_new_privs. Started by somebody
// else than root it must be that account already. Fails rather than stay root.
[[nodiscard]] Result<> drop_privileges(const os::Account& account);

// The process has no more memory of its own than this, and ends where it would need it: what is
// behind a hole in a bound of a library hurts the gateway and nobody else.
[[nodiscard]] Result<> limit_memory(Bytes most);

// Of all threads, also later ones: a system call that is not on the list ends the process. No
// program can be executed and no file be written; sockets are those of this machine alone.
[[nodiscard]] Result<> restrict_calls();

}  // namespace warren::gateway
