// SPDX-License-Identifier: Apache-2.0

#include "certs/subject.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include <utility>
#include <vector>

namespace warren::certs {
namespace {

std::vector<std::string> values_of(const X509_NAME* name, int kind) {
  std::vector<std::string> values;
  for (int at = ::X509_NAME_get_index_by_NID(name, kind, -1); at >= 0;
       at = ::X509_NAME_get_index_by_NID(name, kind, at)) {
    const ASN1_STRING* const value = ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(name, at));
    const unsigned char* const bytes = ::ASN1_STRING_get0_data(value);
    values.emplace_back(bytes, bytes + ::ASN1_STRING_length(value));
  }
  return values;
}

}  // namespace

Result<Subject> subject_of(const x509_st& certificate) {
  const X509_NAME* const name = ::X509_get_subject_name(&certificate);
  std::vector<std::string> names = values_of(name, NID_commonName);
  std::vector<std::string> units = values_of(name, NID_organizationalUnitName);
  if (names.size() != 1) {
    return fail(Errc::kPermissionDenied, "your certificate has {} common names, and needs one",
                names.size());
  }
  if (units.size() > 1) {
    return fail(Errc::kPermissionDenied,
                "your certificate has {} organizational units, and may have one", units.size());
  }
  Subject subject{.common_name = std::move(names.front()), .unit = {}};
  if (!units.empty()) subject.unit = std::move(units.front());
  return subject;
}

}  // namespace warren::certs
