// SPDX-License-Identifier: Apache-2.0
//
// Two sandboxes try to meet: one offers, the other looks for it.

#include <stddef.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr char kSecret[] = "a secret of the other sandbox";

// An abstract address: a leading NUL, no file.
socklen_t abstract_address(const char* name, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name));
}

// Offers a segment of memory and a socket, says so, and stays until its input ends. The segment is
// marked for removal at once: it goes with its last user, whatever happens.
int offer(const char* name) {
  const int segment = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);
  if (segment < 0) return refusal();
  void* memory = ::shmat(segment, nullptr, 0);
  ::shmctl(segment, IPC_RMID, nullptr);
  std::memcpy(memory, kSecret, sizeof kSecret);
  sockaddr_un address{};
  const socklen_t length = abstract_address(name, address);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      ::listen(listener, 1) != 0) {
    return refusal();
  }
  std::printf("segment %d\n", segment);
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return kSucceeded;
}

int attach_memory(const char* segment) {
  const void* memory = ::shmat(std::atoi(segment), nullptr, SHM_RDONLY);
  if (memory == reinterpret_cast<const void*>(-1)) return refusal();
  return std::memcmp(memory, kSecret, sizeof kSecret) == 0 ? kSucceeded : kMasked;
}

int connect_to(const char* name) {
  sockaddr_un address{};
  const socklen_t length = abstract_address(name, address);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const int result = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), length);
  return result == 0 ? kSucceeded : refusal();
}

// Probes without harm: signal 0.
int reach_process(const char* pid) {
  return ::kill(std::atoi(pid), 0) == 0 || errno == EPERM ? kSucceeded : refusal();
}

constexpr Attack kAttacks[] = {{"offer", offer},
                               {"attach-memory", attach_memory},
                               {"connect-to", connect_to},
                               {"reach-process", reach_process}};

}  // namespace

std::span<const Attack> namespace_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
