// SPDX-License-Identifier: Apache-2.0
//
// TLS as the gateway speaks it: version 1.3 alone, over which HTTP/2 is spoken. Who connects shows
// a certificate of our authority, or none; those without one are turned away by call, with a code
// that says so.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <tuple>

#include "base/result.h"
#include "certs/stage.h"

// OpenSSL's SSL_CTX.
struct ssl_ctx_st;

namespace warren::gateway {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// The one for a connection that begins now.
using TlsContextSource = std::function<TlsContext()>;

// Fails unless key and certificate belong together. Whatever is in `files.authority` is trusted,
// also what is not self-signed.
[[nodiscard]] Result<TlsContext> make_tls_context(const certs::ServerFiles& files);

// Of a client that speaks TLS and not HTTP/2 the handshake fails.
void require_http2(ssl_ctx_st& context);

// What is staged in a directory: ca.crt, server.crt and server.key, looked at again when a
// connection begins, but not more than once a second.
class StagedTls {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Fails with kFailedPrecondition when there are no certificates now.
  [[nodiscard]] static Result<StagedTls> open(std::filesystem::path directory, Time now);

  // New ones that cannot be used leave those there are, and are spoken of once.
  [[nodiscard]] TlsContext current(Time now);

 private:
  // Of one file: its number, its size, when it was changed last.
  using Mark = std::tuple<ino_t, off_t, time_t, long>;
  using Marks = std::tuple<Mark, Mark, Mark>;

  explicit StagedTls(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] Result<TlsContext> load() const;
  [[nodiscard]] Marks marks() const;

  std::filesystem::path directory_;
  TlsContext context_;
  Marks seen_;  // What was there when the files were read last.
  Time looked_;
};

}  // namespace warren::gateway
