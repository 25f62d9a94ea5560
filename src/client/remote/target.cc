// SPDX-License-Identifier: Apache-2.0

#include "client/remote/target.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace warren::client {
namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::string_view kInsecure = "insecure";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestHost && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  return text.contains(':') && std::ranges::all_of(text, [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
         });
}

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

// The host and what follows it: nothing, or a colon and the port.
struct Parts {
  std::string_view host;
  std::string_view rest;
};

Parts split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return {};
    return {text.substr(1, end - 1), text.substr(end + 1)};
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return {text.substr(0, colon), text.substr(colon)};
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const auto [host, rest] = split(text);
  Address address{.host = std::string(host), .port = kUsualPort};
  if (!rest.empty()) address.port = rest.front() == ':' ? parse_port(rest.substr(1)) : 0;
  const bool is_host = text.starts_with('[') ? is_ipv6(host) : is_name(host);
  if (is_host && address.port != 0) return address;
  return fail(Errc::kInvalidArgument, "'{}' is no address such as build-server:50051", text);
}

std::string to_text(const Address& address) {
  if (is_ipv6(address.host)) return fmt::format("[{}]:{}", address.host, address.port);
  return fmt::format("{}:{}", address.host, address.port);
}

// Each field ends with a NUL, which none of them can contain in its meaning.
std::string to_bytes(const Target& target) {
  std::string bytes;
  for (const std::string_view field :
       {std::string_view(target.address), std::string_view(target.certificate),
        std::string_view(target.key), std::string_view(target.authority),
        target.insecure ? kInsecure : std::string_view()}) {
    bytes += field.substr(0, field.find('\0'));
    bytes += '\0';
  }
  return bytes;
}

Result<Target> target_from_bytes(std::string_view bytes) {
  std::vector<std::string> fields;
  for (std::size_t end = 0; (end = bytes.find('\0')) != bytes.npos;) {
    fields.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  if (fields.size() != 5 || !bytes.empty()) {
    return fail(Errc::kInvalidArgument, "the description of a machine has {} fields",
                fields.size());
  }
  return Target{.address = std::move(fields[0]),
                .certificate = std::move(fields[1]),
                .key = std::move(fields[2]),
                .authority = std::move(fields[3]),
                .insecure = fields[4] == kInsecure};
}

}  // namespace warren::client
