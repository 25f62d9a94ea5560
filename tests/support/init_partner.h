// SPDX-License-Identifier: Apache-2.0
//
// The engine's end of a conversation with one real init, message by message: for the tests of the
// protocol. The command sees the host's file system in namespaces of its own: pid, mount, and a
// network with nothing but loopback. At /mnt/calls it finds the socket that init listens on.

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/node_id.h"
#include "os/socket.h"
#include "plan/init_protocol.h"
#include "provider/local/init_launcher.h"
#include "provider/local/init_socket.h"
#include "provider/local/network_pool.h"

namespace warren::test {

// What init is to do: `argv`, with a pipe for its input.
[[nodiscard]] plan::LaunchPlan plan_for(std::vector<std::string> argv);

// What init has said, and the descriptors that came with it.
template <typename T>
struct Heard {
  T message{};
  std::vector<os::UniqueFd> fds;
};
struct Nothing {
  plan::MessageHead head;
};

class InitPartner {
 public:
  explicit InitPartner(const plan::LaunchPlan& plan);
  ~InitPartner();  // Ends init, and takes everything away again.
  InitPartner(const InitPartner&) = delete;
  InitPartner& operator=(const InitPartner&) = delete;

  // Is gone, as one that was killed.
  void hang_up() { control_.reset(); }
  // Takes the place of the engine before, as the next one does.
  void attach_again();

  template <typename T>
  void tell(plan::MessageType type, T message) {
    message.head = {.version = plan::kProtocolVersion, .type = type, .bytes = sizeof message};
    tell_raw(std::as_bytes(std::span(&message, 1)));
  }
  void tell(plan::MessageType type) { tell(type, Nothing{}); }
  // Anything at all, with these descriptors.
  void tell_raw(std::span<const std::byte> bytes, std::span<const int> fds = {});

  // The next thing that init says, which must be this.
  template <typename T>
  [[nodiscard]] Heard<T> hear(plan::MessageType type) {
    Heard<T> heard;
    hear_raw(type, std::as_writable_bytes(std::span(&heard.message, 1)), heard.fds);
    return heard;
  }
  // That, and that nothing was said before.
  void expect_alive();

  // What the command has written once that contains `text`.
  [[nodiscard]] std::string await_output(const std::string& text) const;
  [[nodiscard]] std::size_t descriptors_of_init() const;
  [[nodiscard]] int control() const { return control_.get(); }
  [[nodiscard]] pid_t pid() const { return init_.pid; }

 private:
  [[nodiscard]] provider::Launch order(const plan::LaunchPlan& plan, const os::UniqueFd& null,
                                       const os::UniqueFd& network) const;
  void hear_raw(plan::MessageType type, std::span<std::byte> bytes, std::vector<os::UniqueFd>& fds);

  std::filesystem::path directory_;
  NodeId id_;
  provider::InitSockets sockets_;
  os::UniqueFd listener_;
  os::UniqueFd output_;  // Of both streams.
  os::UniqueFd index_;
  os::UniqueFd record_;
  os::Child init_;
  os::UniqueFd control_;
};

}  // namespace warren::test
