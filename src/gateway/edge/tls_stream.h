// SPDX-License-Identifier: Apache-2.0
//
// The server's end of TLS over a socket that does not block. It never waits: each step says what
// it wants of the socket before it can go on.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "certs/subject.h"
#include "gateway/edge/tls_context.h"

// OpenSSL's SSL.
struct ssl_st;

namespace warren::gateway {

class TlsStream {
 public:
  enum class Step : std::uint8_t {
    kDone,
    kWantsRead,   // Again once the socket can be read.
    kWantsWrite,  // Again once it can be written.
    kEnded,       // The client has said that nothing more comes.
    kFailed,      // It has gone without a word, or breaks a rule: failure().
  };
  struct Moved {
    std::size_t bytes;
    Step step;
  };

  // The socket stays the caller's, and must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<TlsStream>> accept(const TlsContext& context,
                                                                 int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Done: HTTP/2 is what is spoken.
  [[nodiscard]] Step shake_hands();

  // As much as there is, and fits. Done: it is full, or it came in so small pieces that others
  // have their turn before the next of them.
  [[nodiscard]] Moved read(std::span<std::byte> bytes);
  // As much as the socket takes. What it did not take must be the beginning of the next write.
  [[nodiscard]] Moved write(std::span<const std::byte> bytes);

  // Tells the client that nothing more comes, if that can be said at once.
  void close();

  // Of the verified certificate that the client has shown; nothing: it has shown none.
  [[nodiscard]] std::optional<Result<certs::Subject>> subject() const;

  // Whether that certificate, if there is one, has not ended and is trusted by `context` as well,
  // which may be a newer one than that of the handshake.
  [[nodiscard]] bool still_counts(const TlsContext& context,
                                  std::chrono::system_clock::time_point now);

  // Why it failed; empty: the client has just gone.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  TlsStream(ssl_st* connection, TlsContext context)
      : connection_(connection), trusted_by_(std::move(context)) {}

  [[nodiscard]] Step step_after(int result);
  static void count_message(int writes, int version, int kind, const void* bytes, std::size_t size,
                            ssl_st* connection, void* stream);

  [[nodiscard]] bool is_trusted_by(const TlsContext& context) const;

  ssl_st* connection_;
  TlsContext trusted_by_;                        // The last that was asked and did.
  std::optional<std::chrono::sys_seconds> end_;  // Of the client's certificate.
  std::string failure_;
  bool is_up_ = false;
  std::size_t messages_ = 0;  // Of the client's, since it is up, that are no data.
};

}  // namespace warren::gateway
