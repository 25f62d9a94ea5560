// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <cstring>

#include "attack.h"

namespace {

using warren::payload::Attack;

const Attack* find(std::span<const Attack> attacks, const char* name, std::size_t length) {
  for (const Attack& attack : attacks) {
    if (std::strlen(attack.name) == length && std::strncmp(attack.name, name, length) == 0) {
      return &attack;
    }
  }
  return nullptr;
}

const Attack* find_everywhere(const char* name, std::size_t length) {
  using namespace warren::payload;
  for (const auto attacks :
       {filesystem_attacks(), privilege_attacks(), namespace_attacks(), system_call_attacks(),
        process_attacks(), init_attacks(), resource_attacks()}) {
    if (const Attack* attack = find(attacks, name, length)) return attack;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  for (int index = 1; index < argc; ++index) {
    const char* name = argv[index];
    const std::size_t length = std::strcspn(name, "=");
    const Attack* attack = find_everywhere(name, length);
    if (attack == nullptr) {
      std::fprintf(stderr, "attacker: there is no attack %s\n", name);
      return 2;
    }
    errno = 0;
    const int error = attack->run(name[length] == '=' ? name + length + 1 : "");
    std::printf("%s %s\n", name, error == 0 ? "succeeded" : ::strerrorname_np(error));
    std::fflush(stdout);
  }
  return 0;
}
