// SPDX-License-Identifier: Apache-2.0

#include "wire/client_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "wire/codec.h"
#include "wire/status.h"

namespace warren::wire {
namespace {

Result<sockaddr_un> make_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalidArgument, "the socket path '{}' must have 1 to {} bytes", path,
                sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

Result<std::optional<os::UniqueFd>> connect_socket(const std::string& path, Blocking blocking) {
  const sockaddr_un address = WARREN_TRY(make_address(path));
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (blocking == Blocking::kNo ? SOCK_NONBLOCK : 0);
  os::UniqueFd socket = WARREN_TRY(os::context(
      os::call_for_fd([type] { return ::socket(AF_UNIX, type, 0); }), "creating a socket"));
  const auto connected = os::call([&] {
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
  if (connected) return socket;
  const os::Errno error = connected.error();
  if (error == os::Errno{EAGAIN}) return std::nullopt;
  const Errc code = error == os::Errno{ECONNREFUSED} ? Errc::kUnavailable : os::to_errc(error);
  return fail(code, "connecting to {}: {}", path, os::message(error));
}

v1::Frame greeting(std::optional<v1::OnBehalfOf> on_behalf_of) {
  v1::Frame frame;
  frame.mutable_hello()->set_version(kVersion);
  frame.mutable_hello()->set_product("warren");
  if (on_behalf_of) *frame.mutable_hello()->mutable_on_behalf_of() = *std::move(on_behalf_of);
  return frame;
}

Result<> check_greeting(const v1::Frame& frame) {
  if (frame.has_end()) return to_result(frame.end());
  if (!frame.has_hello()) return fail(Errc::kInternal, "the engine sent an unexpected frame");
  if (frame.hello().version() != kVersion) {
    return fail(Errc::kFailedPrecondition, "{} speaks version {} of the native API, not {}",
                frame.hello().product(), frame.hello().version(), kVersion);
  }
  return {};
}

}  // namespace warren::wire
