// SPDX-License-Identifier: Apache-2.0
//
// What an engine leaves that is killed without warning.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/sandbox_runner.h"

namespace warren::test {

enum class Nested : bool { kNo, kYes };  // Each sandbox within the one before it.

struct Manner {
  Nested nested = Nested::kNo;
  Handover handover = Handover::kAtOnce;
  provider::JobPlaces places = {};
};

struct Left {
  Left() = default;
  Left(Left&&) = default;
  ~Left();  // Waits for the ends of the inits.

  std::vector<Running> commands;
  std::vector<os::UniqueFd> inits;  // In the same order.
};

// Starts `specs` in an engine that is then killed. A command without an input has to say `ready`.
[[nodiscard]] Left leave_behind(const std::filesystem::path& directory,
                                const std::vector<model::JobSpec>& specs,
                                const Manner& manner = {});

// Sandboxes from lines with their id, that of their process and their footprint.
[[nodiscard]] std::vector<Running> from_lines(const std::string& text);

// Waits for the end of an init whose engine is dead, and reaps it.
void await_death(const os::UniqueFd& init);

// Runs until SIGTERM, then exits with `code`.
[[nodiscard]] model::JobSpec patient(int code);

// Runs until its engine is gone, then writes something and exits with `code`.
[[nodiscard]] model::JobSpec bereaved(int code);

// What is left on this host of a sandbox: cgroups, layers and sockets, all named by its id, but no
// logs, which are kept.
[[nodiscard]] std::vector<std::string> traces_of(const NodeId& sandbox,
                                                 const std::filesystem::path& directory);

}  // namespace warren::test
