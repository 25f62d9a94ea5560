// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/connection_error.h"

#include <algorithm>
#include <array>

namespace warren::relay {
namespace {

struct Row {
  std::string_view words;
  Errc code;
  std::string_view sentence;
};

// The first one whose words occur counts.
constexpr std::array kTable = {
    Row{"certificate verify failed", Errc::kPermissionDenied,
        "the server's certificate is not of the authority that we were given, or has expired"},
    Row{"verification check failed", Errc::kPermissionDenied,
        "the server's certificate is for another host"},
    Row{"Failed to create security handshaker", Errc::kInvalidArgument,
        "our certificate, its key or the authority is malformed"},
    Row{"DNS resolution failed", Errc::kUnavailable, "there is no such host"},
    Row{"Connection refused", Errc::kUnavailable, "connection refused"},
    Row{"Handshake read failed", Errc::kUnavailable, "who answers there speaks no TLS"},
    Row{"handshake failed", Errc::kUnavailable,
        "no TLS 1.3 with who answers there, or our certificate is not accepted"},
    Row{"Socket closed", Errc::kUnavailable,
        "the server hung up: it may not accept our certificate"},
    Row{"Endpoint read failed", Errc::kUnavailable,
        "the server hung up: it may not accept our certificate"},
    Row{"Connection reset by peer", Errc::kUnavailable,
        "the server hung up: it may not accept our certificate"},
};

}  // namespace

Error connection_error(std::string_view address, std::string_view words) {
  const auto* const row =
      std::ranges::find_if(kTable, [&](const Row& each) { return words.contains(each.words); });
  if (row != kTable.end()) return {row->code, fmt::format("{}: {}", address, row->sentence)};
  const std::size_t last = words.rfind(": ");
  const std::string_view reason = last == words.npos ? words : words.substr(last + 2);
  return {Errc::kUnavailable, fmt::format("{}: {}", address, reason)};
}

}  // namespace warren::relay
