// SPDX-License-Identifier: Apache-2.0
//
// Hands a server's certificate to the gateway, which watches a link and takes whatever it finds
// behind it: so nothing gets there that is half written, or that does not belong together.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/account.h"

namespace warren::certs {

// What a server shows and whom it believes, as PEM.
struct ServerFiles {
  std::string authority;
  std::string certificate;
  std::string key;
};

// ca.crt, server.crt and server.key of `directory`. One that is missing is kFailedPrecondition.
[[nodiscard]] Result<ServerFiles> read_server_files(const std::string& directory);

// kFailedPrecondition unless all three can be read, the key is the certificate's, and the
// certificate was issued by one of the authorities or of those that come with it.
[[nodiscard]] Result<> check_server_files(const ServerFiles& files);

// Checks `files`, writes them to <gateway_directory>/tls/<n>, of which there was none before, and
// then points the link tls/current at it. Directories are made for this user and `reader`'s group
// (0750), files for `reader` alone (0400); without a reader everything is this user's. Whatever
// fails leaves what was staged before.
[[nodiscard]] Result<> stage(const ServerFiles& files, const std::string& gateway_directory,
                             const std::optional<os::Account>& reader);

}  // namespace warren::certs
