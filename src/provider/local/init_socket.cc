// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <tuple>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/directory_entries.h"

namespace warren::provider {
namespace {

constexpr int kBacklog = 4;
constexpr std::string_view kSuffix = ".sock";

std::string file_name(const NodeId& sandbox) {
  return fmt::format("{}{}", sandbox.to_text(), kSuffix);
}

// Through the directory's descriptor: the path of a runtime directory may be longer than the 107
// bytes of a socket's address.
sockaddr_un address_of(int directory, const NodeId& sandbox) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, file_name(sandbox));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<os::UniqueFd> make_socket() {
  return os::context(
      os::call_for_fd([] { return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0); }),
      "making a socket");
}

}  // namespace

Result<InitSockets> InitSockets::open(const std::string& runtime_dir) {
  std::string path = runtime_dir + "/init";
  const auto made = os::make_directory(AT_FDCWD, path.c_str(), 0700);
  if (!made && made.error() != os::Errno{EEXIST}) {
    return fail(os::to_errc(made.error()), "making {}: {}", path, os::message(made.error()));
  }
  os::UniqueFd directory = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY), "opening {}", path));
  return InitSockets(std::move(path), std::move(directory));
}

Result<os::UniqueFd> InitSockets::listen(const NodeId& sandbox) const {
  remove(sandbox);
  os::UniqueFd socket = WARREN_TRY(make_socket());
  // unix(7): bind(2) gives the file the mode of the socket, less the umask.
  WARREN_TRY(os::context(os::call([&] { return ::fchmod(socket.get(), 0600); }),
                         "setting the mode of init's socket"));
  const sockaddr_un address = address_of(directory_.get(), sandbox);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  WARREN_TRY(os::context(os::call([&] { return ::bind(socket.get(), generic, sizeof address); }),
                         "binding init's socket"));
  WARREN_TRY(os::context(os::call([&] { return ::listen(socket.get(), kBacklog); }),
                         "listening on init's socket"));
  return socket;
}

Result<os::UniqueFd> InitSockets::connect(const NodeId& sandbox) const {
  os::UniqueFd socket = WARREN_TRY(make_socket());
  const sockaddr_un address = address_of(directory_.get(), sandbox);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const auto done = os::call([&] { return ::connect(socket.get(), generic, sizeof address); });
  if (done) return socket;
  return fail(Errc::kNotFound, "no init listens for {}: {}", sandbox.to_text(),
              os::message(done.error()));
}

void InitSockets::remove(const NodeId& sandbox) const {
  // Not there is as good as removed.
  std::ignore =
      os::call([&] { return ::unlinkat(directory_.get(), file_name(sandbox).c_str(), 0); });
}

std::vector<NodeId> InitSockets::list() const {
  std::vector<NodeId> sandboxes;
  const auto names = rootfs::entry_names(directory_.get(), ".");
  if (!names) return sandboxes;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const auto id = NodeId::parse(name.substr(0, name.size() - kSuffix.size()));
    if (id) sandboxes.push_back(*id);
  }
  return sandboxes;
}

void InitSockets::close() const {
  std::ignore = os::call([&] { return ::rmdir(path_.c_str()); });
}

}  // namespace warren::provider
