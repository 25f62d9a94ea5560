// SPDX-License-Identifier: Apache-2.0
//
// Configuration files with certificates in them, as Joblet has them: the daemon's, and that of the
// clients, which Warren's own have too. What a person has changed in one survives a renewal. Pure.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/authority.h"
#include "certs/names.h"

namespace warren::certs {

// What goes into a file: an identity, and the certificate of the authority, as PEM.
struct Credentials {
  const Identity& identity;
  const std::string& authority;
};

[[nodiscard]] std::string daemon_file(const Credentials& credentials, const Address& address);
// `old` with new certificates. Without a section `security` it gets one.
[[nodiscard]] Result<std::string> renew_daemon_file(std::string_view old,
                                                    const Credentials& credentials);

// With one machine, `default`. The certificate is there twice: `openssl x509 -in FILE` sees only
// PEM that is not indented, so it is a second YAML document, which readers of the first ignore.
[[nodiscard]] std::string client_file(const Credentials& credentials, const Address& address);
[[nodiscard]] Result<std::string> renew_client_file(std::string_view old,
                                                    const Credentials& credentials);

}  // namespace warren::certs
