// SPDX-License-Identifier: Apache-2.0
//
// For tests of the gateway's TLS: an authority with what it issues, and clients that block.

#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>

#include "certs/authority.h"
#include "certs/openssl.h"
#include "certs/stage.h"
#include "gateway/endpoint.h"
#include "os/unique_fd.h"

namespace warren::gateway {

class TlsClient {
 public:
  struct Options {
    const certs::Identity* identity = nullptr;  // Null: it shows no certificate.
    std::string protocols = std::string("\x02h2");
    int newest = TLS1_3_VERSION;
  };

  TlsClient(const Endpoint& server, const Options& options)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        context_(::SSL_CTX_new(::TLS_client_method())) {
    const auto* const name = reinterpret_cast<const sockaddr*>(&server.address);
    EXPECT_EQ(::connect(socket_.get(), name, server.size), 0);
    const timeval deadline{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    SSL_CTX_set_max_proto_version(context_.get(), options.newest);
    if (options.identity != nullptr) {
      const auto chain = certs::parse_certificates(options.identity->certificate);
      const auto key = certs::parse_key(options.identity->key);
      EXPECT_EQ(::SSL_CTX_use_certificate(context_.get(), chain->front().get()), 1);
      EXPECT_EQ(::SSL_CTX_use_PrivateKey(context_.get(), key->get()), 1);
    }
    tls_.reset(::SSL_new(context_.get()));
    const auto* const protocols = reinterpret_cast<const unsigned char*>(options.protocols.data());
    ::SSL_set_alpn_protos(tls_.get(), protocols, static_cast<unsigned>(options.protocols.size()));
    ::SSL_set_fd(tls_.get(), socket_.get());
    is_connected_ = ::SSL_connect(tls_.get()) == 1;
  }

  [[nodiscard]] bool is_connected() const { return is_connected_; }
  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] SSL* tls() const { return tls_.get(); }
  [[nodiscard]] std::string certificate() const {
    const certs::Certificate shown(::SSL_get1_peer_certificate(tls_.get()));
    return shown ? certs::to_pem(*shown).value() : "";
  }

  bool send(std::string_view bytes) {
    return ::SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  // As much as is asked for; less at the end.
  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
      const int count =
          ::SSL_read(tls_.get(), bytes.data() + filled, static_cast<int>(size - filled));
      if (count <= 0) break;
      filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
  }
  // Whether the server has said so, and has not just gone.
  bool is_told_of_the_end() {
    return receive(1).empty() && (::SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  os::UniqueFd socket_;
  std::unique_ptr<SSL_CTX, certs::FreeWith<&SSL_CTX_free>> context_;
  std::unique_ptr<SSL, certs::FreeWith<&SSL_free>> tls_;
  bool is_connected_ = false;
};

// Keys cost milliseconds.
struct TlsParties {
  certs::Authority authority = *certs::Authority::create();
  certs::Identity server = issue(certs::Purpose::kServer, "joblet", "");
  certs::Identity admin = issue(certs::Purpose::kClient, "boss", "admin");

  [[nodiscard]] certs::Identity issue(certs::Purpose purpose, std::string name,
                                      std::string role) const {
    return authority
        .issue({.purpose = purpose,
                .common_name = std::move(name),
                .role = std::move(role),
                .names = {},
                .validity = std::chrono::days(1)})
        .value();
  }
  [[nodiscard]] certs::ServerFiles files() const {
    return {.authority = authority.pem().certificate,
            .certificate = server.certificate,
            .key = server.key};
  }
};

}  // namespace warren::gateway
