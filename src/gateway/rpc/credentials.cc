// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <unistd.h>

#include "certs/tls_policy.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::gateway {
namespace {

namespace tls = grpc::experimental;

constexpr unsigned kSecondsBetweenLooks = 1;

// The provider would wait for files that are missing, and refuse everybody meanwhile.
Result<> check_readable(const std::filesystem::path& path) {
  if (os::call([&] { return ::access(path.c_str(), R_OK); })) return {};
  return fail(Errc::kFailedPrecondition, "{} cannot be read: certificates come there by staging",
              path.string());
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> credentials_from(
    const std::filesystem::path& directory) {
  const std::filesystem::path key = directory / "server.key";
  const std::filesystem::path certificate = directory / "server.crt";
  const std::filesystem::path authority = directory / "ca.crt";
  WARREN_TRY(certs::require_tls13());
  for (const auto& path : {key, certificate, authority}) WARREN_TRY(check_readable(path));
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      key.string(), certificate.string(), authority.string(), kSecondsBetweenLooks));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

}  // namespace warren::gateway
