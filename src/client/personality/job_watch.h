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
#include "client/personality/log_history.h"
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
  JobWatch(os::UniqueFd log, LogHistory history, Places places)
      : log_(std::move(log)),
        is_broken_off_(history.is_broken_off),
        places_(std::move(places)),
        running_(std::move(history.unfinished)) {}

  void write(std::string text);
  [[nodiscard]] Result<> connect();
  [[nodiscard]] Result<> catch_up();
  [[nodiscard]] Result<std::vector<v1::NodeEvent>> missed_ends();
  [[nodiscard]] Result<> take_events();
  [[nodiscard]] Result<> take(const v1::NodeEvent& event);
  [[nodiscard]] Result<std::optional<v1::Node>> find_job(const std::string& id);
  [[nodiscard]] Result<> write_end(const v1::Node& job);
  [[nodiscard]] Result<std::string> output_of(const v1::Node& job);

  os::UniqueFd log_;
  bool is_broken_off_;  // The log ends within a line.
  Places places_;
  std::optional<EngineClient> engine_;
  wire::CallId events_ = 0;
  std::uint64_t last_ = 0;         // The number of the last event that was dealt with.
  std::set<std::string> running_;  // Whose end is still to come.
};

}  // namespace warren::client
