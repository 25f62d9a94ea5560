// SPDX-License-Identifier: Apache-2.0

#include "certs/authority.h"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <utility>

namespace warren::certs {
namespace {

constexpr std::chrono::days kAuthorityValidity(3652);
// Clocks of two machines differ: a certificate counts from a little before it was made.
constexpr std::chrono::seconds kBackdated = std::chrono::minutes(5);
constexpr int kSerialBits = 128;
constexpr long kVersion3 = 2;

struct Extension {
  int nid;
  std::string value;
};

// A certificate with everything but its extensions and its signature.
struct Draft {
  Certificate certificate;
  Key key;
};

Result<> set_serial(X509& certificate) {
  const std::unique_ptr<BIGNUM, FreeWith<&BN_free>> number(::BN_new());
  if (!number || ::BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(&certificate)) == nullptr) {
    return openssl_failure("choosing a serial number");
  }
  return {};
}

Result<> set_validity(X509& certificate, std::chrono::days validity) {
  std::time_t now = std::time(nullptr);
  ASN1_TIME* const first = ::X509_getm_notBefore(&certificate);
  ASN1_TIME* const last = ::X509_getm_notAfter(&certificate);
  const bool is_set =
      ::X509_time_adj_ex(first, 0, -static_cast<long>(kBackdated.count()), &now) != nullptr &&
      ::X509_time_adj_ex(last, static_cast<int>(validity.count()), 0, &now) != nullptr;
  if (!is_set) return openssl_failure("setting the end of a certificate");
  return {};
}

Result<> add_to_name(X509_NAME& name, int nid, std::string_view text) {
  if (::X509_NAME_add_entry_by_NID(&name, nid, MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), -1, 0) != 1) {
    return openssl_failure("naming a certificate");
  }
  return {};
}

Result<> set_subject(X509& certificate, std::string_view common_name, std::string_view role) {
  X509_NAME& name = *::X509_get_subject_name(&certificate);
  WARREN_TRY(add_to_name(name, NID_commonName, common_name));
  if (!role.empty()) WARREN_TRY(add_to_name(name, NID_organizationalUnitName, role));
  return {};
}

Result<Draft> draft(std::string_view common_name, std::string_view role,
                    std::chrono::days validity) {
  Draft made{Certificate(::X509_new()), Key(EVP_EC_gen("P-256"))};
  if (!made.certificate || !made.key) return openssl_failure("making a key");
  X509& certificate = *made.certificate;
  if (::X509_set_version(&certificate, kVersion3) != 1 ||
      ::X509_set_pubkey(&certificate, made.key.get()) != 1) {
    return openssl_failure("making a certificate");
  }
  WARREN_TRY(set_serial(certificate));
  WARREN_TRY(set_validity(certificate, validity));
  WARREN_TRY(set_subject(certificate, common_name, role));
  return made;
}

Result<> add_extensions(X509& certificate, X509& issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : extensions) {
    const std::unique_ptr<X509_EXTENSION, FreeWith<&X509_EXTENSION_free>> extension(
        ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (!extension || ::X509_add_ext(&certificate, extension.get(), -1) != 1) {
      return openssl_failure("extending a certificate");
    }
  }
  return {};
}

Result<Identity> sign(const Draft& draft, X509& issuer, EVP_PKEY& key,
                      const std::vector<Extension>& extensions) {
  X509& certificate = *draft.certificate;
  if (::X509_set_issuer_name(&certificate, ::X509_get_subject_name(&issuer)) != 1) {
    return openssl_failure("naming the issuer");
  }
  WARREN_TRY(add_extensions(certificate, issuer, extensions));
  if (::X509_sign(&certificate, &key, ::EVP_sha256()) == 0) {
    return openssl_failure("signing a certificate");
  }
  Identity pem;
  pem.certificate = WARREN_TRY(to_pem(certificate));
  pem.key = WARREN_TRY(to_pem(*draft.key));
  return pem;
}

std::vector<Extension> extensions_of(const Request& request) {
  std::vector<Extension> extensions = {
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, request.purpose == Purpose::kServer ? "serverAuth" : "clientAuth"},
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"}};
  if (!request.names.empty()) {
    extensions.push_back({NID_subject_alt_name, to_text(request.names)});
  }
  return extensions;
}

}  // namespace

Authority::Authority(Identity pem, Certificate certificate, Key key)
    : pem_(std::move(pem)), certificate_(std::move(certificate)), key_(std::move(key)) {}

Result<Authority> Authority::create() {
  const Draft made = WARREN_TRY(draft("Warren certificate authority", "", kAuthorityValidity));
  Identity pem = WARREN_TRY(sign(made, *made.certificate, *made.key,
                                 {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                  {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                  {NID_subject_key_identifier, "hash"}}));
  return load(std::move(pem));
}

Result<Authority> Authority::load(Identity pem) {
  std::vector<Certificate> found = WARREN_TRY(parse_certificates(pem.certificate));
  Key key = WARREN_TRY(parse_key(pem.key));
  Certificate certificate = std::move(found.front());
  if (::X509_check_private_key(certificate.get(), key.get()) != 1) {
    std::ignore = openssl_failure("comparing");
    return fail(Errc::kFailedPrecondition, "the key is not that of the certificate");
  }
  if (::X509_check_ca(certificate.get()) != 1) {
    return fail(Errc::kFailedPrecondition, "the certificate is not that of an authority");
  }
  return Authority(std::move(pem), std::move(certificate), std::move(key));
}

Result<Identity> Authority::issue(const Request& request) const {
  const ASN1_TIME* const last = ::X509_get0_notAfter(certificate_.get());
  if (::X509_cmp_current_time(last) <= 0) {
    return fail(Errc::kFailedPrecondition, "the authority has ended");
  }
  const Draft made = WARREN_TRY(draft(request.common_name, request.role, request.validity));
  if (::ASN1_TIME_compare(::X509_get0_notAfter(made.certificate.get()), last) > 0 &&
      ::X509_set1_notAfter(made.certificate.get(), last) != 1) {
    return openssl_failure("setting the end of a certificate");
  }
  return sign(made, *certificate_, *key_, extensions_of(request));
}

}  // namespace warren::certs
