// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <grpcpp/security/tls_certificate_verifier.h>

#include <memory>
#include <string>

namespace warren::relay {

// Accepts a certificate, which is otherwise found to be good, if it names `host`, "joblet" or
// "localhost", in any case: an authority of one's own vouches for servers by no better names.
[[nodiscard]] std::shared_ptr<grpc::experimental::CertificateVerifier> require_name_of(
    std::string host);

}  // namespace warren::relay
