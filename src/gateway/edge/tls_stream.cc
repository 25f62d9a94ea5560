// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>
#include <utility>

#include "certs/openssl.h"

namespace warren::gateway {
namespace {

// A client renews its key after some gigabytes. Each time costs as much as some records.
constexpr std::size_t kMostMessages = 64;

// Each costs as much as a large one, however few bytes it has.
constexpr std::size_t kMostRecords = 64;

std::string reason_of_failure(const SSL& connection) {
  const unsigned long error = ::ERR_peek_last_error();
  if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return "";
  const char* const reason = ::ERR_reason_error_string(error);
  if (reason == nullptr) return "";  // The socket's own error: a client that has gone.
  const long verified = ::SSL_get_verify_result(&connection);
  if (verified == X509_V_OK) return reason;
  return fmt::format("{}: {}", reason, ::X509_verify_cert_error_string(verified));
}

bool speaks_http2(const SSL& connection) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(&connection, &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

}  // namespace

Result<std::unique_ptr<TlsStream>> TlsStream::accept(const TlsContext& context, int socket) {
  SSL* const connection = ::SSL_new(context.get());
  if (connection == nullptr) return certs::openssl_failure("beginning TLS");
  std::unique_ptr<TlsStream> stream(new TlsStream(connection, context));
  if (::SSL_set_fd(connection, socket) != 1) return certs::openssl_failure("beginning TLS");
  ::SSL_set_accept_state(connection);
  ::SSL_set_msg_callback(connection, &TlsStream::count_message);
  SSL_set_msg_callback_arg(connection, stream.get());
  return stream;
}

TlsStream::~TlsStream() {
  ::SSL_free(connection_);
}

TlsStream::Step TlsStream::shake_hands() {
  ::ERR_clear_error();
  const Step step = step_after(::SSL_do_handshake(connection_));
  is_up_ = step == Step::kDone;
  // Who names no protocol wants to see the certificate. Who names others has failed already.
  return is_up_ && !speaks_http2(*connection_) ? Step::kFailed : step;
}

TlsStream::Moved TlsStream::read(std::span<std::byte> bytes) {
  std::size_t filled = 0;
  for (std::size_t records = 0; filled < bytes.size() && records < kMostRecords; ++records) {
    const std::size_t messages = messages_;
    std::size_t count = 0;
    ::ERR_clear_error();
    const Step step = step_after(
        ::SSL_read_ex(connection_, bytes.data() + filled, bytes.size() - filled, &count));
    filled += count;
    if (step == Step::kDone) continue;
    if (messages_ > kMostMessages) {
      failure_ = "it renews its keys without an end";
      return {.bytes = filled, .step = Step::kFailed};
    }
    // A message that is no data ends a read, whatever is behind it.
    if (step != Step::kWantsRead || messages == messages_) return {.bytes = filled, .step = step};
  }
  return {.bytes = filled, .step = Step::kDone};
}

TlsStream::Moved TlsStream::write(std::span<const std::byte> bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    std::size_t count = 0;
    ::ERR_clear_error();
    const Step step = step_after(
        ::SSL_write_ex(connection_, bytes.data() + written, bytes.size() - written, &count));
    if (step != Step::kDone) return {.bytes = written, .step = step};
    written += count;
  }
  return {.bytes = written, .step = Step::kDone};
}

void TlsStream::close() {
  ::ERR_clear_error();
  std::ignore = ::SSL_shutdown(connection_);  // Whoever has gone need not be told.
}

std::optional<Result<certs::Subject>> TlsStream::subject() const {
  const X509* const certificate = ::SSL_get0_peer_certificate(connection_);
  if (certificate == nullptr || ::SSL_get_verify_result(connection_) != X509_V_OK) return {};
  return certs::subject_of(*certificate);
}

bool TlsStream::still_counts(const TlsContext& context, std::chrono::system_clock::time_point now) {
  X509* const certificate = ::SSL_get0_peer_certificate(connection_);
  if (certificate == nullptr) return true;
  if (!end_) end_ = certs::end_of(*certificate).value_or(std::chrono::sys_seconds());
  if (*end_ <= now) return false;
  if (context == trusted_by_) return true;
  if (!is_trusted_by(context)) return false;
  trusted_by_ = context;
  return true;
}

// As in the handshake.
bool TlsStream::is_trusted_by(const TlsContext& context) const {
  const std::unique_ptr<X509_STORE_CTX, certs::FreeWith<&X509_STORE_CTX_free>> look(
      ::X509_STORE_CTX_new());
  if (!look) return false;
  const bool holds = ::X509_STORE_CTX_init(look.get(), ::SSL_CTX_get_cert_store(context.get()),
                                           ::SSL_get0_peer_certificate(connection_),
                                           ::SSL_get_peer_cert_chain(connection_)) == 1 &&
                     ::X509_STORE_CTX_set_default(look.get(), "ssl_client") == 1 &&
                     ::X509_verify_cert(look.get()) == 1;
  ::ERR_clear_error();
  return holds;
}

TlsStream::Step TlsStream::step_after(int result) {
  switch (::SSL_get_error(connection_, result)) {
    case SSL_ERROR_NONE:
      return Step::kDone;
    case SSL_ERROR_WANT_READ:
      return Step::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::kEnded;
    default:
      failure_ = reason_of_failure(*connection_);
      return Step::kFailed;
  }
}

// NOLINTNEXTLINE(readability-function-size): the form that OpenSSL calls.
void TlsStream::count_message(int writes, int /*version*/, int kind, const void* /*bytes*/,
                              std::size_t /*size*/, ssl_st* /*connection*/, void* stream) {
  auto& self = *static_cast<TlsStream*>(stream);
  if (writes == 0 && kind == SSL3_RT_HANDSHAKE && self.is_up_) ++self.messages_;
}

}  // namespace warren::gateway
