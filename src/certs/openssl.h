// SPDX-License-Identifier: Apache-2.0
//
// Owners of OpenSSL's objects, and the way between them and PEM.

#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::certs {

template <auto kFree>
struct FreeWith {
  void operator()(auto* object) const noexcept { kFree(object); }
};

using Key = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;

// What OpenSSL says of the call that failed, as an error; its queue of errors is empty afterwards.
[[nodiscard]] std::unexpected<Error> openssl_failure(std::string_view doing);

[[nodiscard]] Result<std::string> to_pem(const X509& certificate);
// PKCS#8, without a passphrase.
[[nodiscard]] Result<std::string> to_pem(const EVP_PKEY& key);

[[nodiscard]] Result<Key> parse_key(std::string_view pem);
// All certificates in `text`, which may hold anything else between them and may be indented, as PEM
// within YAML is. None, or one that cannot be read, is an error.
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(std::string_view text);

// When it ends.
[[nodiscard]] Result<std::chrono::sys_seconds> end_of(const X509& certificate);

// The only common name of the subject; empty when there is none, or more than one.
[[nodiscard]] std::string common_name(const X509& certificate);

}  // namespace warren::certs
