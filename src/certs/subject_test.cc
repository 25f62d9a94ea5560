// SPDX-License-Identifier: Apache-2.0

#include "certs/subject.h"

#include <gmock/gmock.h>
#include <openssl/objects.h>

#include <string>
#include <utility>
#include <vector>

#include "certs/openssl.h"

namespace warren::certs {
namespace {

using ::testing::HasSubstr;

using Parts = std::vector<std::pair<int, std::string>>;

// A certificate that its own key signs, with a subject of these parts.
Certificate certificate_of(const Parts& parts) {
  const Key key(EVP_EC_gen("P-256"));
  Certificate certificate(::X509_new());
  X509_NAME* const name = ::X509_get_subject_name(certificate.get());
  for (const auto& [kind, value] : parts) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(value.data());
    EXPECT_EQ(::X509_NAME_add_entry_by_NID(name, kind, V_ASN1_UTF8STRING, bytes,
                                           static_cast<int>(value.size()), -1, 0),
              1);
  }
  ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  EXPECT_EQ(::X509_set_pubkey(certificate.get(), key.get()), 1);
  EXPECT_GT(::X509_sign(certificate.get(), key.get(), ::EVP_sha256()), 0);
  return certificate;
}

void expect_refused(const Parts& parts, const std::string& reason) {
  const auto subject = subject_of(*certificate_of(parts));
  ASSERT_FALSE(subject);
  EXPECT_EQ(subject.error().code, Errc::kPermissionDenied);
  EXPECT_THAT(subject.error().message, HasSubstr(reason));
}

TEST(SubjectOf, HasTheNameAndTheUnit) {
  EXPECT_EQ(subject_of(*certificate_of({{NID_commonName, "boss"},
                                        {NID_organizationalUnitName, "admin"},
                                        {NID_organizationName, "viewer"}})),
            (Subject{.common_name = "boss", .unit = "admin"}));
}

TEST(SubjectOf, NeedsNoUnit) {
  EXPECT_EQ(subject_of(*certificate_of({{NID_commonName, "alice"}})),
            (Subject{.common_name = "alice", .unit = {}}));
}

TEST(SubjectOf, RefusesAnythingButOneName) {
  expect_refused({}, "0 common names");
  expect_refused({{NID_commonName, "alice"}, {NID_commonName, "root"}}, "2 common names");
}

TEST(SubjectOf, RefusesTwoUnits) {
  expect_refused({{NID_commonName, "alice"},
                  {NID_organizationalUnitName, "viewer"},
                  {NID_organizationalUnitName, "admin"}},
                 "2 organizational units");
}

TEST(SubjectOf, DoesNotEndANameAtAZero) {
  const std::string name("root\0.example", 13);
  EXPECT_EQ(subject_of(*certificate_of({{NID_commonName, name}}))->common_name, name);
}

}  // namespace
}  // namespace warren::certs
