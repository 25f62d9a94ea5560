// SPDX-License-Identifier: Apache-2.0
//
// Who a certificate says it belongs to, taken from the certificate itself: whatever repeats a
// subject as text has lost where one part of it ends.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"

// OpenSSL's X509.
struct x509_st;

namespace warren::certs {

struct Subject {
  std::string common_name;
  std::optional<std::string> unit;  // The organizational unit, which is a role or nothing.
  friend bool operator==(const Subject&, const Subject&) = default;
};

// Of a certificate whose signature somebody else has verified. Fails with kPermissionDenied unless
// it has exactly one common name, and at most one organizational unit. The bytes are as the
// certificate has them, whatever they are.
[[nodiscard]] Result<Subject> subject_of(const x509_st& certificate);

}  // namespace warren::certs
