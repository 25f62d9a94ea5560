// SPDX-License-Identifier: Apache-2.0
//
// Starts warren-init from a sealed copy in memory, which then waits for a plan.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/process.h"
#include "plan/init_protocol.h"
#include "plan/launch_plan.h"

namespace warren::provider {

// The number of a sandbox's command: the local provider starts no other in it.
inline constexpr std::uint32_t kOnlyProcess = 1;

struct Birthplace {
  std::uint64_t namespaces = 0;  // CLONE_NEW* of init itself.
  int cgroup = -1;               // Unified cgroup that init begins in, or -1.
};

struct Launch {
  std::vector<std::byte> plan;                          // Encoded.
  std::vector<std::pair<plan::Slot, int>> descriptors;  // The caller's; they are copied.
  std::uint64_t log_limit = 0;
  std::uint32_t process = kOnlyProcess;
};

// One that has been executed and waits for its orders. It ends when `control` is closed before.
struct NewbornInit {
  os::Child child;
  os::UniqueFd control;  // SOCK_SEQPACKET, non-blocking.
};

// Hands over the plan. Fails where init has died meanwhile.
[[nodiscard]] Result<> give_orders(const NewbornInit& init, const Launch& launch);

// Ends one that got no orders, and leaves no zombie.
void discard(NewbornInit init);

class InitLauncher {
 public:
  // Copies the warren-init that is part of this program into a sealed memfd: nothing that runs in a
  // sandbox can reach a file of the host through it (security promise S1).
  [[nodiscard]] static Result<InitLauncher> create();
  // The same with another program in its place.
  [[nodiscard]] static Result<InitLauncher> create(std::span<const std::byte> program);

  // Clones and executes. Call it on the thread whose mount namespace the sandbox shall start from,
  // and on no other meanwhile.
  [[nodiscard]] Result<NewbornInit> bear(const Birthplace& place) const;

 private:
  using Stack = std::array<std::byte, 64 * 1024>;

  InitLauncher(os::UniqueFd program, os::UniqueFd control_place)
      : program_(std::move(program)),
        control_place_(std::move(control_place)),
        stack_(std::make_unique<Stack>()) {}

  os::UniqueFd program_;
  // A low number that is init's end of the socket while it is born. What lies below the higher of
  // the two is all that a clone copies of the engine's descriptors.
  os::UniqueFd control_place_;
  std::unique_ptr<Stack> stack_;
};

// A sealed memfd with these bytes. What is not to be executed never can be.
enum class Executable : bool { kNo, kYes };
[[nodiscard]] Result<os::UniqueFd> seal_in_memory(const char* name,
                                                  std::span<const std::byte> bytes,
                                                  Executable executable);

}  // namespace warren::provider
