// SPDX-License-Identifier: Apache-2.0
//
// What every command of the command line shares: global flags, the way to the engine, the way to
// say how it went.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/engine_client.h"
#include "client/places.h"
#include "client/remote/nodes.h"

namespace warren::client::cli {

struct GlobalFlags {
  PlaceFlags places;
  std::string node;
  std::string format = "table";
  std::vector<std::string> fields;
  bool quiet = false;
  bool verbose = false;
};

class Session {
 public:
  GlobalFlags flags;
  std::vector<std::string> command;  // Of `run`: what follows its flags.

  // The engine of this machine, or that of the one that --node, $WARREN_NODE or the file of
  // --config names.
  [[nodiscard]] Result<EnginePlace> engine_place() const;
  [[nodiscard]] Result<EngineClient> connect(Startup startup = Startup::kIfAbsent) const;
  // The machines that this client knows.
  [[nodiscard]] Result<NodesFile> nodes() const;
  // Fails where another machine was named; `why_not` says what cannot be done there.
  [[nodiscard]] Result<> require_here(std::string_view why_not) const;
  [[nodiscard]] bool wants_json() const { return flags.format == "json"; }

  // Which fields of a node are to be shown, in a list with these columns unless --fields names
  // others; empty: all.
  [[nodiscard]] std::vector<std::string> fields_or(std::vector<std::string> columns) const;
  // One object, or a list with these columns unless --fields names others.
  [[nodiscard]] Result<> show(const nlohmann::ordered_json& object) const;
  [[nodiscard]] Result<> show_list(const nlohmann::ordered_json& rows,
                                   const std::vector<std::string>& columns) const;
  // One line of JSON at a time.
  [[nodiscard]] Result<> show_line(const nlohmann::ordered_json& object) const;
  // A sentence on standard error, unless --quiet.
  void note(std::string_view sentence) const;

  // Ends a command. An error is said on standard error and decides the exit status.
  void finish(const Result<>& result, int failure_status = 1);
  void finish_with(int status) { exit_status_ = status; }
  [[nodiscard]] int exit_status() const noexcept { return exit_status_; }

 private:
  int exit_status_ = 0;
};

// "warren: " and `sentence` on standard error, on one line and free of control characters.
void complain(std::string_view sentence);

}  // namespace warren::client::cli
