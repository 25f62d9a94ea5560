// SPDX-License-Identifier: Apache-2.0

#include "certs/authority.h"

#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include <set>

#include "tests/support/result_matchers.h"

namespace warren::certs {
namespace {

using std::chrono::days;
using test::HoldsError;
using ::testing::HasSubstr;

Request client(std::string role = "admin") {
  return {Purpose::kClient, "alice", std::move(role), {}, days(365)};
}

Request server() {
  return {Purpose::kServer,
          "server",
          "",
          {{NameKind::kDns, "joblet"}, {NameKind::kAddress, "10.0.0.7"}},
          days(365)};
}

Authority create() {
  auto made = Authority::create();
  if (!made) throw std::runtime_error(made.error().message);
  return *std::move(made);
}

Certificate read(const std::string& pem) {
  auto read = parse_certificates(pem);
  if (!read || read->size() != 1) throw std::runtime_error("not one certificate");
  return std::move(read->front());
}

Certificate issue(const Authority& authority, const Request& request) {
  const auto issued = authority.issue(request);
  if (!issued) throw std::runtime_error(issued.error().message);
  return read(issued->certificate);
}

std::string entry(const Certificate& certificate, int nid) {
  std::string text(256, '\0');
  const int length = ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate.get()), nid,
                                                 text.data(), static_cast<int>(text.size()));
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return text;
}

int days_left(const Certificate& certificate) {
  int left = 0;
  int seconds = 0;
  ::ASN1_TIME_diff(&left, &seconds, nullptr, ::X509_get0_notAfter(certificate.get()));
  return left;
}

std::string serial(const Certificate& certificate) {
  const ASN1_INTEGER* const number = ::X509_get0_serialNumber(certificate.get());
  const unsigned char* const bytes = ::ASN1_STRING_get0_data(number);
  return {bytes, bytes + ::ASN1_STRING_length(number)};
}

// Whether the authority's certificate vouches for `certificate` in this use.
bool verifies(const Authority& authority, const Certificate& certificate, int purpose) {
  const Certificate root = read(authority.pem().certificate);
  const std::unique_ptr<X509_STORE, FreeWith<&X509_STORE_free>> store(::X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, FreeWith<&X509_STORE_CTX_free>> context(
      ::X509_STORE_CTX_new());
  ::X509_STORE_add_cert(store.get(), root.get());
  ::X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  ::X509_STORE_CTX_set_purpose(context.get(), purpose);
  return ::X509_verify_cert(context.get()) == 1;
}

TEST(Authority, MayItselfSignAndLastsTenYears) {
  const Certificate root = read(create().pem().certificate);
  EXPECT_EQ(::X509_check_ca(root.get()), 1);
  EXPECT_EQ(::X509_get_pathlen(root.get()), 0);
  EXPECT_EQ(::X509_get_key_usage(root.get()), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
  EXPECT_GE(days_left(root), 3651);
}

TEST(Authority, NamesClientsByCommonNameAndRole) {
  const Certificate made = issue(create(), client());
  EXPECT_EQ(common_name(*made), "alice");
  EXPECT_EQ(entry(made, NID_organizationalUnitName), "admin");
}

TEST(Authority, GivesUsersNoUnit) {
  const Certificate made = issue(create(), client(""));
  EXPECT_EQ(::X509_NAME_entry_count(::X509_get_subject_name(made.get())), 1);
}

TEST(Authority, IssuesForOneUseAlone) {
  const Authority authority = create();
  const Certificate of_client = issue(authority, client());
  const Certificate of_server = issue(authority, server());
  EXPECT_TRUE(verifies(authority, of_client, X509_PURPOSE_SSL_CLIENT));
  EXPECT_FALSE(verifies(authority, of_client, X509_PURPOSE_SSL_SERVER));
  EXPECT_TRUE(verifies(authority, of_server, X509_PURPOSE_SSL_SERVER));
  EXPECT_FALSE(verifies(authority, of_server, X509_PURPOSE_SSL_CLIENT));
  EXPECT_FALSE(verifies(create(), of_client, X509_PURPOSE_SSL_CLIENT));
  EXPECT_EQ(::X509_check_ca(of_client.get()), 0);
}

TEST(Authority, WritesTheNamesOfAServer) {
  const Certificate made = issue(create(), server());
  EXPECT_EQ(::X509_check_host(made.get(), "joblet", 0, 0, nullptr), 1);
  EXPECT_EQ(::X509_check_host(made.get(), "elsewhere", 0, 0, nullptr), 0);
  EXPECT_EQ(::X509_check_ip_asc(made.get(), "10.0.0.7", 0), 1);
  EXPECT_EQ(::X509_check_ip_asc(made.get(), "10.0.0.8", 0), 0);
}

TEST(Authority, UsesP256AndSha256) {
  const Certificate made = issue(create(), client());
  EXPECT_EQ(::EVP_PKEY_get_bits(::X509_get0_pubkey(made.get())), 256);
  EXPECT_TRUE(::EVP_PKEY_is_a(::X509_get0_pubkey(made.get()), "EC"));
  EXPECT_EQ(::X509_get_signature_nid(made.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(::X509_get_version(made.get()), 2);
}

TEST(Authority, NumbersAtRandom) {
  const Authority authority = create();
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const std::string number = serial(issue(authority, client()));
    EXPECT_EQ(number.size(), 16U);
    EXPECT_TRUE(seen.insert(number).second);
  }
}

TEST(Authority, IssuesTheKeyOfTheCertificate) {
  const auto issued = create().issue(client());
  ASSERT_TRUE(issued);
  const auto key = parse_key(issued->key);
  ASSERT_TRUE(key);
  EXPECT_EQ(::X509_check_private_key(read(issued->certificate).get(), key->get()), 1);
  EXPECT_THAT(issued->key, ::testing::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
}

TEST(Authority, OutlivesWhatItIssues) {
  const Authority authority = create();
  Request request = client();
  request.validity = days(20000);
  EXPECT_EQ(::ASN1_TIME_compare(::X509_get0_notAfter(issue(authority, request).get()),
                                ::X509_get0_notAfter(read(authority.pem().certificate).get())),
            0);
  request.validity = days(29);
  EXPECT_GE(days_left(issue(authority, request)), 28);
  EXPECT_LE(days_left(issue(authority, request)), 29);
}

TEST(Authority, LoadsWhatItWas) {
  const Authority made = create();
  const auto loaded = Authority::load(made.pem());
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(verifies(made, issue(*loaded, client()), X509_PURPOSE_SSL_CLIENT));
}

TEST(Authority, LoadsNothingElse) {
  const Authority authority = create();
  const auto other = authority.issue(client());
  ASSERT_TRUE(other);
  EXPECT_THAT(Authority::load({authority.pem().certificate, other->key}),
              HoldsError(Errc::kFailedPrecondition, "the key is not that of the certificate"));
  EXPECT_THAT(Authority::load(*other),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("not that of an authority")));
  EXPECT_THAT(Authority::load({"", ""}), HoldsError(Errc::kInternal, HasSubstr("reading")));
}

}  // namespace
}  // namespace warren::certs
