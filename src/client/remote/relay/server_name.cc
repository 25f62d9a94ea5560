// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/server_name.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace warren::relay {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

constexpr std::array<std::string_view, 2> kUsualNames = {"joblet", "localhost"};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Names of hosts are the same in any case (RFC 4343), addresses as well.
bool is_same(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

class NameVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit NameVerifier(std::string host) : host_(std::move(host)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    const auto is_accepted = [this](const grpc::string_ref& name) {
      const std::string_view text(name.data(), name.size());
      return is_same(text, host_) || std::ranges::any_of(kUsualNames, [&](std::string_view usual) {
               return is_same(text, usual);
             });
    };
    if (std::ranges::any_of(request->dns_names(), is_accepted)) return true;
    if (std::ranges::any_of(request->ip_names(), is_accepted)) return true;
    *status = {grpc::StatusCode::UNAUTHENTICATED, "the certificate has other names"};
    return true;
  }

  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  std::string host_;
};

}  // namespace

std::shared_ptr<grpc::experimental::CertificateVerifier> require_name_of(std::string host) {
  return grpc::experimental::ExternalCertificateVerifier::Create<NameVerifier>(std::move(host));
}

}  // namespace warren::relay
