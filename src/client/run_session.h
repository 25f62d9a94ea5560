// SPDX-License-Identifier: Apache-2.0
//
// One job in the foreground: its output, its input, its signals, its end, whatever becomes of the
// engine meanwhile.

#pragma once

#include <poll.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/engine_client.h"
#include "client/input_forwarder.h"
#include "client/log_printer.h"
#include "client/piece_output.h"
#include "client/signal_source.h"
#include "client/upload.h"

namespace warren::client {

struct RunSettings {
  EnginePlace engine;
  v1::RunRequest request;
  std::vector<UploadEntry> uploads;
  // Hears once who the job is, as soon as the engine has said so.
  std::function<void(const v1::RunEvent&)> introduced = {};
};

// Starts the job and gives its id, once an engine has all it needs for it. Where the engine goes
// before it has answered, the next one is asked again, with the request's idempotency key.
[[nodiscard]] Result<std::string> run_detached(RunSettings settings);

class RunSession {
 public:
  explicit RunSession(RunSettings settings) : settings_(std::move(settings)) {}
  RunSession(const RunSession&) = delete;
  RunSession& operator=(const RunSession&) = delete;

  // Returns the job once it has ended and all its output has been shown.
  [[nodiscard]] Result<v1::Node> run();
  // Whether a lost connection has cut off the input of a job elsewhere.
  [[nodiscard]] bool has_lost_input() const noexcept { return has_lost_input_; }
  [[nodiscard]] std::uint64_t lost_bytes() const { return printer_ ? printer_->lost_bytes() : 0; }

 private:
  using Clock = Backoff::Clock;

  [[nodiscard]] Result<> open_call();
  [[nodiscard]] Result<> open_log();
  [[nodiscard]] Result<> turn();
  [[nodiscard]] int timeout() const;
  [[nodiscard]] bool is_over() const { return ended_ && !log_call_; }
  // Whether what the engine sends has to wait for a reader of our output.
  [[nodiscard]] bool must_wait() const { return blocked_ && pieces_ != nullptr; }

  [[nodiscard]] Result<> take_events();
  [[nodiscard]] Result<> take_event(wire::CallEvent event);
  [[nodiscard]] Result<> take_message(wire::CallEvent event);
  [[nodiscard]] Result<> take_log(wire::CallEvent event);
  [[nodiscard]] Result<> take_pieces(v1::Remote remote);
  [[nodiscard]] Result<> take_descriptors(const v1::RunEvent& event,
                                          std::vector<os::UniqueFd> descriptors);
  void show_from(std::unique_ptr<OutputSource> source);
  [[nodiscard]] Result<> show_output();
  [[nodiscard]] Result<> show_rest();

  void take_signals();
  [[nodiscard]] Result<> forward_signals();
  void lose_engine();
  [[nodiscard]] Result<> try_to_reach_engine();

  RunSettings settings_;
  std::optional<wire::ClientChannel> channel_;  // Absent while the engine is away.
  std::optional<Backoff> backoff_;              // Present while the engine is away.
  Clock::time_point away_since_;
  wire::CallId call_ = 0;
  bool waiting_ = false;  // `call_` is Wait, because the engine has been away; else Run.
  std::optional<wire::CallId> log_call_;  // Log, of an engine elsewhere that has been away.
  std::string id_;                        // Empty until the engine has said it.
  std::unique_ptr<LogPrinter> printer_;
  PieceOutput* pieces_ = nullptr;  // The printer's, where the output comes in pieces.
  bool blocked_ = false;           // Standard output or error take nothing now.
  std::unique_ptr<InputForwarder> input_;
  bool has_lost_input_ = false;
  std::optional<SignalSource> signals_;
  std::deque<int> pending_signals_;
  int interrupts_ = 0;
  std::optional<v1::Node> ended_;
};

}  // namespace warren::client
