// SPDX-License-Identifier: Apache-2.0
//
// The authority whose signature makes a certificate count, and the certificates it issues: X.509
// v3, EC P-256, SHA-256, random serial numbers. In memory; where they are kept is layout.h.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "certs/names.h"
#include "certs/openssl.h"

namespace warren::certs {

// A certificate and its private key, as PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

enum class Purpose : bool { kServer, kClient };

struct Request {
  Purpose purpose;
  std::string common_name;
  std::string role;               // The organizational unit; empty: none.
  std::vector<ServerName> names;  // Of a server.
  std::chrono::days validity;
};

class Authority {
 public:
  [[nodiscard]] static Result<Authority> create();
  // Fails when the two do not belong together, or the certificate may not sign others.
  [[nodiscard]] static Result<Authority> load(Identity pem);

  // With a new key. Ends with the authority at the latest; an authority that has ended issues
  // nothing.
  [[nodiscard]] Result<Identity> issue(const Request& request) const;

  [[nodiscard]] const Identity& pem() const noexcept { return pem_; }

 private:
  Authority(Identity pem, Certificate certificate, Key key);

  Identity pem_;
  Certificate certificate_;
  Key key_;
};

}  // namespace warren::certs
