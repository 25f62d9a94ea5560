// SPDX-License-Identifier: Apache-2.0

#include "certs/configuration_files.h"

#include <array>

#include "certs/pem_blocks.h"

namespace warren::certs {
namespace {

constexpr std::size_t kDaemonIndentation = 2;
constexpr std::size_t kNodeIndentation = 4;
constexpr std::string_view kSecondDocument = "\n---\n";

using Blocks = std::array<PemBlock, 3>;

Blocks daemon_blocks(const Credentials& credentials) {
  return {{{"serverCert", credentials.identity.certificate},
           {"serverKey", credentials.identity.key},
           {"caCert", credentials.authority}}};
}

Blocks client_blocks(const Credentials& credentials) {
  return {{{"cert", credentials.identity.certificate},
           {"key", credentials.identity.key},
           {"ca", credentials.authority}}};
}

std::string format(const Blocks& blocks, std::size_t indentation) {
  std::string text;
  for (const PemBlock& block : blocks) text += format_block(block, indentation);
  return text;
}

bool has_section(std::string_view yaml, std::string_view key) {
  const std::string opening = fmt::format("\n{}:", key);
  return yaml.starts_with(std::string_view(opening).substr(1)) || yaml.contains(opening);
}

std::string security_section(const Credentials& credentials) {
  return "security:\n" + format(daemon_blocks(credentials), kDaemonIndentation);
}

std::string second_document(const Credentials& credentials) {
  return "---\n# The same certificate, where `openssl x509 -in` finds it.\n" +
         credentials.identity.certificate;
}

}  // namespace

std::string daemon_file(const Credentials& credentials, const Address& address) {
  return fmt::format(
      "version: \"3.0\"\n"
      "server:\n"
      "  address: \"{}\"\n"
      "  port: {}\n"
      "  mode: \"server\"\n"
      "\n"
      "{}",
      address.host.text, address.port, security_section(credentials));
}

Result<std::string> renew_daemon_file(std::string_view old, const Credentials& credentials) {
  if (has_section(old, "security")) return replace_blocks(old, daemon_blocks(credentials));
  const std::string_view separator = old.empty() || old.ends_with('\n') ? "\n" : "\n\n";
  return fmt::format("{}{}{}", old, separator, security_section(credentials));
}

std::string client_file(const Credentials& credentials, const Address& address) {
  return fmt::format(
      "version: \"3.0\"\n"
      "nodes:\n"
      "  default:\n"
      "    address: \"{}\"\n"
      "{}{}",
      to_text(address), format(client_blocks(credentials), kNodeIndentation),
      second_document(credentials));
}

Result<std::string> renew_client_file(std::string_view old, const Credentials& credentials) {
  const std::size_t end = old.find(kSecondDocument);
  const std::string_view first = old.substr(0, end == old.npos ? old.size() : end + 1);
  std::string renewed = WARREN_TRY(replace_blocks(first, client_blocks(credentials)));
  if (!renewed.ends_with('\n')) renewed += '\n';
  return renewed + second_document(credentials);
}

}  // namespace warren::certs
