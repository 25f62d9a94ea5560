// SPDX-License-Identifier: Apache-2.0
//
// Follows the engine's events for the jobs that came through JobWorker's face, and writes the
// server's log about them.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/engine_client.h"
#include "os/unique_fd.h"

namespace warren::client {

class JobWatch {
 public:
  // Opens the log at `path`, to append to it, and reads what an earlier server has left there.
  [[nodiscard]] static Result<JobWatch> open(const std::string& path, Places places);

  // From here on, and the ends of jobs whose start is in the log. An engine that goes away later is
  // looked for again.
  [[nodiscard]] Result<> begin();

  // For a loop around poll(2): the connection, or -1 while there is none, and then when to try
  // again.
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] int timeout() const noexcept;
  // Takes what has happened, as far as that needs no waiting.
  void advance();

  // A line about the server itself.
  void note(std::string_view sentence);

  // Ends all jobs of this face, and waits until their ends are in the log.
  [[nodiscard]] Result<> end_jobs();

 private:
  JobWatch(os::UniqueFd log, std::set<std::string> running, Places places)
      : log_(std::move(log)), places_(std::move(places)), running_(std::move(running)) {}

  void write(std::string_view text);
  [[nodiscard]] Result<> connect();
  [[nodiscard]] Result<> catch_up();
  [[nodiscard]] Result<std::vector<v1::NodeEvent>> missed_ends();
  [[nodiscard]] Result<> take_events();
  [[nodiscard]] Result<> take(const v1::NodeEvent& event);
  [[nodiscard]] Result<std::optional<v1::Node>> find_job(const std::string& id);
  [[nodiscard]] Result<> dump(const v1::Node& job);

  os::UniqueFd log_;
  Places places_;
  std::optional<EngineClient> engine_;
  wire::CallId events_ = 0;
  std::uint64_t last_ = 0;         // The number of the last event that was dealt with.
  std::set<std::string> running_;  // Whose end is still to come.
};

}  // namespace warren::client
