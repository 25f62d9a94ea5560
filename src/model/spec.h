// SPDX-License-Identifier: Apache-2.0
//
// What a user asks for, before it is checked against a host. The core knows sandboxes and
// processes; a job is a process whose sandbox is made for it and goes with it.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/node_id.h"
#include "base/result.h"
#include "model/limits.h"

namespace warren::model {

// How much of the host a sandbox sees. kHost keeps the host's file system, network and ids and
// drops to an unprivileged user; kIsolated shares nothing but the kernel.
enum class Profile : std::uint8_t { kIsolated, kHost };

enum class Network : std::uint8_t { kNone, kHost };

// Where the command's standard input comes from.
enum class Input : std::uint8_t { kNull, kPipe };

// kMerged sends both streams through one pipe, so that their order is exact.
enum class Streams : std::uint8_t { kSeparate, kMerged };

// What becomes of a job whose foreground client has gone.
enum class OnClientExit : std::uint8_t { kKeep, kStop };

// What becomes of a job whose engine has gone. An engine that is to take over is no exception.
enum class OnEngineExit : std::uint8_t { kKeep, kKill };

// A user of the sandbox by number, by name, or both ("1000", "daemon", "1000:100",
// "daemon:daemon"). Names are looked up in the image's /etc/passwd and /etc/group.
struct UserSpec {
  std::string user;
  std::string group;  // Empty: the user's primary group.
  friend bool operator==(const UserSpec&, const UserSpec&) = default;
};

struct SandboxSpec {
  std::string image = "host";
  Profile profile = Profile::kIsolated;
  Network network = Network::kNone;
  Limits limits;
  friend bool operator==(const SandboxSpec&, const SandboxSpec&) = default;
};

struct ProcessSpec {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH when it has no slash.
  std::map<std::string, std::string> env;  // Added to the image's environment.
  std::optional<std::string> workdir;      // Absolute, inside the sandbox. Absent: the profile's.
  std::optional<UserSpec> user;            // Absent: the profile's.
  Input input = Input::kNull;
  Streams streams = Streams::kSeparate;
  friend bool operator==(const ProcessSpec&, const ProcessSpec&) = default;
};

struct JobSpec {
  SandboxSpec sandbox;
  ProcessSpec process;
  std::string name;  // Empty: none.
  std::map<std::string, std::string> labels;
  std::optional<NodeId> parent;  // Absent: the root.
  std::int32_t priority = 0;     // -100..100; higher first.
  OnClientExit on_client_exit = OnClientExit::kKeep;
  OnEngineExit on_engine_exit = OnEngineExit::kKeep;
  bool forget_when_ended = false;  // --rm
  bool wait_for_uploads = false;   // Starts once the client has sent its files.
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

// A DNS label of at most 63 characters with at least one letter: [a-z0-9]([a-z0-9-]*[a-z0-9])?
[[nodiscard]] Result<> validate_name(std::string_view name);

// "NAME=VALUE". Fails on an empty name, '=' missing, NUL bytes.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_assignment(std::string_view text);

// "user", "user:group", each a name or a decimal below 65536. Strict (S7): a sign, a space, a
// leading zero before other digits, hexadecimal, or a number out of range is an error, never user
// 0.
[[nodiscard]] Result<UserSpec> parse_user(std::string_view text);

// Checks everything that needs no host: command, names, labels, environment, paths, limits, ids.
[[nodiscard]] Result<> validate(const JobSpec& spec);

}  // namespace warren::model
