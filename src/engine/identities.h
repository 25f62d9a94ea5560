// SPDX-License-Identifier: Apache-2.0
//
// From the credentials of a peer, or from whom the gateway calls for, to a caller.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/config.h"
#include "model/identity.h"
#include "warren/v1/frame.pb.h"
#include "wire/server.h"

namespace warren::engine {

// What the machine's user database says of a peer. Nothing here is cached: a user who leaves a
// group loses the role with the next call.
struct Account {
  std::string name;                 // "1000" for a uid without a name.
  std::vector<std::string> groups;  // Of the user and of the peer's process.
};

[[nodiscard]] Account look_up_account(const wire::Peer& peer);

// Fails with kPermissionDenied for users without a role, unless `config` admits local users.
[[nodiscard]] Result<model::Caller> identify(std::uint32_t uid, const Account& account,
                                             const Config& config);

// Fails with kInvalidArgument on a name, a role or a face that there is not, and with
// kPermissionDenied on a face that `config` has switched off.
[[nodiscard]] Result<model::Caller> identify(const v1::OnBehalfOf& subject, const Config& config);

}  // namespace warren::engine
