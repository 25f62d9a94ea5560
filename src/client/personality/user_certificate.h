// SPDX-License-Identifier: Apache-2.0
//
// The certificates that JobWorker's clients find below the directory of -certs.

#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace warren::client {

struct UserCertificate {
  std::string authority;  // PEM, as the other two; of ca.crt.
  std::string certificate;
  std::string key;
};

// Whether there has to be an authority to compare the server's with.
enum class Authority : std::uint8_t { kRequired, kIfThere };

// Reads `directory`/ca.crt, and client.crt and client.key of the one directory in it that has them.
// Fails with kNotFound when none has, with kFailedPrecondition when several have.
[[nodiscard]] Result<UserCertificate> read_user_certificate(const std::string& directory,
                                                            Authority authority);

}  // namespace warren::client
