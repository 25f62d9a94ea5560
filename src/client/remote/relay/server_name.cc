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

class NameVerifier : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit NameVerifier(std::string host) : host_(std::move(host)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    const auto is_accepted = [this](grpc::string_ref name) {
      const std::string_view text(name.data(), name.size());
      return text == host_ || std::ranges::find(kUsualNames, text) != kUsualNames.end();
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
