// SPDX-License-Identifier: Apache-2.0
//
// Shows one node's log until nothing more will be written, whatever becomes of the engine
// meanwhile.

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/engine_client.h"
#include "client/log_printer.h"
#include "client/piece_output.h"

namespace warren::client {

enum class Follow : bool { kNo, kYes };

class LogFollower {
 public:
  LogFollower(EnginePlace engine, std::string node, const LogOptions& options, Follow follow)
      : engine_(std::move(engine)), node_(std::move(node)), options_(options), follow_(follow) {}
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  [[nodiscard]] Result<> show();
  // That the process wrote and that were not kept.
  [[nodiscard]] std::uint64_t lost_bytes() const {
    return std::max(lost_bytes_, printer_ ? printer_->lost_bytes() : 0);
  }

 private:
  [[nodiscard]] Result<> open();
  [[nodiscard]] Result<> turn();
  [[nodiscard]] Result<> take_events();
  [[nodiscard]] Result<> take_end(const Result<>& end);
  [[nodiscard]] Result<> take_message(wire::CallEvent event);
  [[nodiscard]] Result<> begin_to_show(std::vector<os::UniqueFd> descriptors);
  [[nodiscard]] Result<> take_pieces(v1::LogEvent change);
  // Whether what the engine sends has to wait for a reader of our output.
  [[nodiscard]] bool must_wait() const { return blocked_ && pieces_ != nullptr; }
  void show_from(std::unique_ptr<OutputSource> source);
  [[nodiscard]] Result<> show_output();
  [[nodiscard]] Result<> try_to_reach_engine();
  [[nodiscard]] int timeout() const;
  void lose_engine();

  EnginePlace engine_;
  std::string node_;
  LogOptions options_;
  Follow follow_;
  std::optional<wire::ClientChannel> channel_;  // Absent while the engine is away.
  std::optional<Backoff> backoff_;              // Present while the engine is away.
  wire::CallId call_ = 0;
  std::unique_ptr<LogPrinter> printer_;  // Absent until the job has output.
  PieceOutput* pieces_ = nullptr;        // The printer's, where the output comes in pieces.
  bool blocked_ = false;
  bool finished_ = false;
  std::uint64_t lost_bytes_ = 0;  // As the engine counts them, once the process has ended.
};

}  // namespace warren::client
