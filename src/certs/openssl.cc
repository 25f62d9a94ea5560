// SPDX-License-Identifier: Apache-2.0

#include "certs/openssl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <climits>
#include <ctime>

namespace warren::certs {
namespace {

using Bio = std::unique_ptr<BIO, FreeWith<&BIO_free>>;

Bio reader_of(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return Bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content_of(BIO& memory) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(&memory, &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

// OpenSSL would ask the terminal for the passphrase of a key that has one.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) {
  return -1;
}

std::string without_indentation(std::string_view text) {
  std::string flat;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == ' ' || c == '\t')) continue;
    flat += c;
    at_start = c == '\n';
  }
  return flat;
}

// Whether the last error is that nothing more begins, which is how a sequence of PEM ends.
bool at_end_of_pem() {
  const unsigned long error = ::ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

std::unexpected<Error> openssl_failure(std::string_view doing) {
  const char* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  const std::string text = reason == nullptr ? "it failed" : reason;
  ::ERR_clear_error();
  return fail(Errc::kInternal, "{}: {}", doing, text);
}

Result<std::string> to_pem(const X509& certificate) {
  const Bio memory(::BIO_new(::BIO_s_mem()));
  if (!memory || ::PEM_write_bio_X509(memory.get(), &certificate) != 1) {
    return openssl_failure("writing a certificate");
  }
  return content_of(*memory);
}

Result<std::string> to_pem(const EVP_PKEY& key) {
  const Bio memory(::BIO_new(::BIO_s_mem()));
  if (!memory || ::PEM_write_bio_PKCS8PrivateKey(memory.get(), &key, nullptr, nullptr, 0, nullptr,
                                                 nullptr) != 1) {
    return openssl_failure("writing a key");
  }
  return content_of(*memory);
}

Result<Key> parse_key(std::string_view pem) {
  const Bio memory = reader_of(pem);
  Key key(memory ? ::PEM_read_bio_PrivateKey(memory.get(), nullptr, refuse_passphrase, nullptr)
                 : nullptr);
  if (!key) return openssl_failure("reading a key");
  return key;
}

Result<std::vector<Certificate>> parse_certificates(std::string_view text) {
  const std::string flat = without_indentation(text);
  const Bio memory = reader_of(flat);
  if (!memory) return openssl_failure("reading a certificate");
  std::vector<Certificate> certificates;
  ::ERR_clear_error();
  for (;;) {
    Certificate next(::PEM_read_bio_X509(memory.get(), nullptr, refuse_passphrase, nullptr));
    if (!next) break;
    certificates.push_back(std::move(next));
  }
  if (certificates.empty() || !at_end_of_pem()) return openssl_failure("reading a certificate");
  ::ERR_clear_error();
  return certificates;
}

Result<std::chrono::sys_seconds> end_of(const X509& certificate) {
  std::tm broken_down{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(&certificate), &broken_down) != 1) {
    return openssl_failure("reading the end of a certificate");
  }
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&broken_down)));
}

std::string common_name(const X509& certificate) {
  const X509_NAME* const subject = ::X509_get_subject_name(&certificate);
  const int first = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || ::X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return "";
  const ASN1_STRING* const value =
      ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, first));
  const auto length = static_cast<std::size_t>(::ASN1_STRING_length(value));
  const unsigned char* const bytes = ::ASN1_STRING_get0_data(value);
  return {bytes, bytes + length};
}

}  // namespace warren::certs
