// SPDX-License-Identifier: Apache-2.0

#include "certs/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include "base/quote.h"

namespace warren::certs {
namespace {

constexpr std::size_t kLongestUserName = 64;
constexpr std::size_t kLongestDnsName = 253;
constexpr std::size_t kLongestLabel = 63;
constexpr std::uint16_t kUsualPort = 50051;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

// A last label of digits alone is a mistyped address and never a name of the DNS.
bool is_dns_name(std::string_view name) {
  if (name.size() > kLongestDnsName) return false;
  std::string_view label;
  do {
    const std::size_t dot = name.find('.');
    label = name.substr(0, dot);
    if (!is_label(label)) return false;
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    if (dot != std::string_view::npos && name.empty()) return false;
  } while (!name.empty());
  return !std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// The name with its domain, from the hosts file or the DNS; empty when neither knows it.
std::string full_host_name(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  return found->ai_canonname == nullptr ? "" : found->ai_canonname;
}

void add_once(std::vector<ServerName>& names, ServerName name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error == std::errc() && rest == end && port != 0) return port;
  return fail(Errc::kInvalidArgument, "{} is not a port", quote(text));
}

}  // namespace

Result<> validate_user_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '@' || c == '-';
  };
  const bool is_good = !name.empty() && name.size() <= kLongestUserName && name.front() != '.' &&
                       name.front() != '-' && std::ranges::all_of(name, is_allowed);
  if (is_good) return {};
  return fail(Errc::kInvalidArgument,
              "{} is no name for a user: 1 to 64 letters, digits, '.', '_', '@' and '-', of which "
              "'.' and '-' are not the first",
              quote(name));
}

Result<ServerName> parse_server_name(std::string_view text) {
  std::string name(text);
  // inet_pton(3) ends at a NUL, which no name has.
  if (name.find('\0') == std::string::npos) {
    if (is_address(name)) return ServerName{NameKind::kAddress, std::move(name)};
    if (is_dns_name(name)) return ServerName{NameKind::kDns, std::move(name)};
  }
  return fail(Errc::kInvalidArgument, "{} is neither an address nor the name of a host",
              quote(text));
}

Result<Address> parse_address(std::string_view text) {
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (const std::size_t closing = text.find(']'); text.starts_with('[') && closing != text.npos) {
    host = text.substr(1, closing - 1);
    const std::string_view rest = text.substr(closing + 1);
    if (!rest.empty()) port = rest.starts_with(':') ? rest.substr(1) : std::string_view();
  } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':')) {
    host = text.substr(0, colon);
    if (colon != text.npos) port = text.substr(colon + 1);
  }
  Address address{WARREN_TRY(parse_server_name(host)), kUsualPort};
  if (port) address.port = WARREN_TRY(parse_port(*port));
  return address;
}

std::string to_text(const Address& address) {
  const std::string& host = address.host.text;
  if (host.find(':') == std::string::npos) return fmt::format("{}:{}", host, address.port);
  return fmt::format("[{}]:{}", host, address.port);
}

Result<std::vector<ServerName>> server_names(const std::vector<std::string>& others) {
  std::vector<ServerName> names = {{NameKind::kDns, "joblet"},
                                   {NameKind::kDns, "localhost"},
                                   {NameKind::kAddress, "127.0.0.1"},
                                   {NameKind::kAddress, "::1"}};
  const std::string host = host_name();
  for (const std::string& own : {host, full_host_name(host)}) {
    // A host may be called what no certificate can say.
    if (auto name = parse_server_name(own)) add_once(names, *std::move(name));
  }
  for (const std::string& other : others) add_once(names, WARREN_TRY(parse_server_name(other)));
  return names;
}

std::string to_text(const std::vector<ServerName>& names) {
  std::string text;
  for (const ServerName& name : names) {
    if (!text.empty()) text += ',';
    text += name.kind == NameKind::kDns ? "DNS:" : "IP:";
    text += name.text;
  }
  return text;
}

}  // namespace warren::certs
