// SPDX-License-Identifier: Apache-2.0
//
// The command line of `rnx`. Pure. Flags stand on either side of the command's name; the words of
// what `run` starts begin with the first one that is no flag.

#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/upload.h"

namespace warren::client {

struct RnxCommand {
  std::string_view name;
  std::size_t least_words = 0;
  std::string_view words{};  // What they are.
};

inline constexpr std::array kRnxCommands{
    RnxCommand{"run", 1, "a command"},
    RnxCommand{"list"},
    RnxCommand{"status", 1, "the id of a job"},
    RnxCommand{"stop", 1, "the id of a job"},
    RnxCommand{"log", 1, "the id of a job"},
    RnxCommand{"network create", 1, "the name of a network"},
    RnxCommand{"network list"},
    RnxCommand{"network remove", 1, "the name of a network"},
    RnxCommand{"nodes"},
    RnxCommand{"config-help"},
    RnxCommand{"help"},
};

// Empty: not given.
struct RnxFlags {
  std::string config{}, node{}, server{};
  std::string name{}, max_cpu{}, cpu_cores{}, max_memory{}, max_iobps{}, network{}, schedule{};
  UploadSources uploads{};
  std::string cidr{};
  bool json = false;
};

struct RnxLine {
  std::string command;  // The name of one of kRnxCommands, unless help or the version is wanted.
  RnxFlags flags;
  std::vector<std::string> words;  // Behind the command: those of a job, an id, a network.
  bool wants_help = false;         // Nothing else of the line counts then.
  bool wants_version = false;
};

// Fails with kInvalidArgument on an unknown flag or command, on a flag that the command does not
// take, and on too many words or too few.
[[nodiscard]] Result<RnxLine> parse_rnx(const std::vector<std::string>& arguments);

}  // namespace warren::client
