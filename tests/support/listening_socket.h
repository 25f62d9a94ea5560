// SPDX-License-Identifier: Apache-2.0
//
// A Unix socket in a directory of its own, which goes with it.

#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "os/unique_fd.h"

namespace warren::test {

class ListeningSocket {
 public:
  ListeningSocket() {
    std::string name = std::filesystem::temp_directory_path() / "warren-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory_ = name;
    fd_ = listen();
  }
  ~ListeningSocket() { std::filesystem::remove_all(directory_); }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] std::string directory() const { return directory_; }
  [[nodiscard]] std::string path() const { return directory_ / "engine.sock"; }
  [[nodiscard]] os::UniqueFd take() { return std::move(fd_); }
  // Another one in its place, as of an engine that comes back.
  [[nodiscard]] os::UniqueFd listen_again() const {
    std::filesystem::remove(path());
    return listen();
  }

 private:
  [[nodiscard]] os::UniqueFd listen() const {
    os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(fd.get(), generic, sizeof address) < 0 || ::listen(fd.get(), 128) < 0) {
      throw std::runtime_error("no listening socket at " + path());
    }
    return fd;
  }

  os::UniqueFd fd_;
  std::filesystem::path directory_;
};

}  // namespace warren::test
