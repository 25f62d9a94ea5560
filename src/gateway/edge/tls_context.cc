// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/tls_context.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/openssl.h"
#include "gateway/limited_log.h"
#include "os/call.h"
#include "os/context.h"
#include "os/text_file.h"

namespace warren::gateway {
namespace {

using certs::openssl_failure;

constexpr const char* kAuthority = "ca.crt";
constexpr const char* kCertificate = "server.crt";
constexpr const char* kKey = "server.key";

constexpr std::chrono::seconds kBetweenLooks{1};

// A chain of some certificates; OpenSSL takes 100 KiB.
constexpr long kLongestChain = 32 * 1024;

// RFC 7301: each name with its length before it.
constexpr std::string_view kHttp2 = "\x02h2";

// NOLINTNEXTLINE(readability-function-size): the form that OpenSSL calls.
int choose_protocol(SSL* /*connection*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* /*data*/) {
  unsigned char* found = nullptr;
  const auto* const wanted = reinterpret_cast<const unsigned char*>(kHttp2.data());
  if (::SSL_select_next_proto(&found, size, wanted, static_cast<unsigned>(kHttp2.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// Nothing of a connection can be used for another, which would outlive the certificate.
bool set_policy(SSL_CTX& context) {
  constexpr unsigned char kId = 1;
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_max_cert_list(&context, kLongestChain);
  // A connection that waits has no buffers. What could not be written is offered again, wherever
  // it is by then, and a message that is not data ends a read, so that its kind is seen.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(&context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(&context, 1);
  ::SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  return SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION) == 1 &&
         ::SSL_CTX_set_num_tickets(&context, 0) == 1 &&
         ::SSL_CTX_set_session_id_context(&context, &kId, sizeof kId) == 1;
}

Result<> trust(SSL_CTX& context, std::string_view pem) {
  const auto authorities = WARREN_TRY(certs::parse_certificates(pem));
  X509_STORE* const store = ::SSL_CTX_get_cert_store(&context);
  // What is there is what is trusted, whoever has signed it.
  ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  for (const certs::Certificate& authority : authorities) {
    if (::X509_STORE_add_cert(store, authority.get()) != 1) return openssl_failure(kAuthority);
  }
  return {};
}

Result<> identify_with(SSL_CTX& context, const certs::ServerFiles& files) {
  const auto chain =
      WARREN_TRY(warren::context(certs::parse_certificates(files.certificate), "{}", kCertificate));
  const auto key = WARREN_TRY(warren::context(certs::parse_key(files.key), "{}", kKey));
  if (::SSL_CTX_use_certificate(&context, chain.front().get()) != 1 ||
      ::SSL_CTX_use_PrivateKey(&context, key.get()) != 1 ||
      ::SSL_CTX_check_private_key(&context) != 1) {
    return openssl_failure(kCertificate);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1) {
      return openssl_failure(kCertificate);
    }
  }
  return {};
}

}  // namespace

void require_http2(ssl_ctx_st& context) {
  ::SSL_CTX_set_alpn_select_cb(&context, choose_protocol, nullptr);
}

Result<TlsContext> make_tls_context(const certs::ServerFiles& files) {
  TlsContext context(::SSL_CTX_new(::TLS_server_method()), certs::FreeWith<&SSL_CTX_free>());
  if (!context || !set_policy(*context)) return openssl_failure("preparing TLS");
  WARREN_TRY(warren::context(trust(*context, files.authority), "{}", kAuthority));
  WARREN_TRY(identify_with(*context, files));
  require_http2(*context);
  return context;
}

Result<StagedTls> StagedTls::open(std::filesystem::path directory, Time now) {
  StagedTls staged(std::move(directory));
  staged.seen_ = staged.marks();
  auto context = staged.load();
  if (!context) return fail(Errc::kFailedPrecondition, "{}", context.error().message);
  staged.context_ = *std::move(context);
  staged.looked_ = now;
  return staged;
}

TlsContext StagedTls::current(Time now) {
  if (now - looked_ < kBetweenLooks) return context_;
  looked_ = now;
  // Marked first: what changes while it is read is read again.
  if (const Marks there = marks(); there != std::exchange(seen_, there)) {
    if (auto renewed = load()) {
      context_ = *std::move(renewed);
    } else {
      log_limited(fmt::format("the certificates there were stay: {}", renewed.error().message));
    }
  }
  return context_;
}

Result<TlsContext> StagedTls::load() const {
  const auto read = [this](const char* name) {
    const std::string path = directory_ / name;
    return os::context(os::read_text(AT_FDCWD, path.c_str()),
                       "{} cannot be read: certificates come there by staging", path);
  };
  certs::ServerFiles files;
  files.authority = WARREN_TRY(read(kAuthority));
  files.certificate = WARREN_TRY(read(kCertificate));
  files.key = WARREN_TRY(read(kKey));
  return warren::context(make_tls_context(files), "{}", directory_.native());
}

StagedTls::Marks StagedTls::marks() const {
  const auto mark = [this](const char* name) {
    const std::string path = directory_ / name;
    struct stat found {};
    if (!os::call([&] { return ::stat(path.c_str(), &found); })) return Mark();
    return Mark(found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  };
  return {mark(kAuthority), mark(kCertificate), mark(kKey)};
}

}  // namespace warren::gateway
