// SPDX-License-Identifier: Apache-2.0

#include "certs/tls_policy.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>

#include <memory>
#include <string_view>

#include "certs/openssl.h"

namespace warren::certs {
namespace {

using Configuration = std::unique_ptr<CONF, FreeWith<&NCONF_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<&BIO_free>>;

// The section `system_default` is applied when a context is made. gRPC then sets a minimum of TLS
// 1.2, which would undo MinProtocol, but does not bring back a protocol that is switched off.
constexpr std::string_view kPolicy =
    "openssl_conf = policy\n"
    "[policy]\n"
    "ssl_conf = contexts\n"
    "[contexts]\n"
    "system_default = every_context\n"
    "[every_context]\n"
    "Protocol = -TLSv1.2\n"
    "NumTickets = 0\n";

}  // namespace

Result<> require_tls13() {
  if (::OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    return openssl_failure("starting OpenSSL");
  }
  ::OPENSSL_load_builtin_modules();
  const Configuration configuration(::NCONF_new(nullptr));
  const Bio text(::BIO_new_mem_buf(kPolicy.data(), static_cast<int>(kPolicy.size())));
  long wrong_line = 0;
  if (!configuration || !text ||
      ::NCONF_load_bio(configuration.get(), text.get(), &wrong_line) <= 0 ||
      ::CONF_modules_load(configuration.get(), nullptr, 0) <= 0) {
    return openssl_failure("requiring TLS 1.3");
  }
  return {};
}

}  // namespace warren::certs
