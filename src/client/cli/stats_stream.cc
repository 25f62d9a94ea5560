// SPDX-License-Identifier: Apache-2.0

#include "client/cli/stats_stream.h"

#include <nlohmann/json.hpp>

#include "base/size.h"
#include "client/node_json.h"
#include "client/table.h"

namespace warren::client::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<> read_stream(EngineClient& engine, const v1::StatsRequest& request,
                     const std::function<Result<>(const v1::StatsEvent&)>& show) {
  const wire::CallId call = WARREN_TRY(engine.channel().open(wire::kStats, request));
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(engine.channel().next_of(call));
    if (event.end) return *event.end;
    v1::StatsEvent reading;
    if (!reading.ParseFromString(event.message)) {
      return fail(Errc::kInternal, "the engine's answer is malformed");
    }
    WARREN_TRY(show(reading));
  }
}

// Whole MiB are enough for people; small amounts stay exact.
std::string amount(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = 1 << 20;
  return bytes < kMebibyte ? to_text(Bytes{bytes}) : std::to_string(bytes / kMebibyte) + 'M';
}

Json row_of(const v1::StatsEvent::Reading& reading) {
  std::string command;
  for (const std::string& word : reading.command()) command += (command.empty() ? "" : " ") + word;
  const v1::Usage& usage = reading.usage();
  return {{"seq", reading.seq()},
          {"name", reading.name()},
          {"cpu_seconds", fmt::format("{:.2f}", static_cast<double>(usage.cpu_usec()) / 1e6)},
          {"memory", amount(usage.memory_bytes())},
          {"peak", amount(usage.memory_peak_bytes())},
          {"read", amount(usage.io_read_bytes())},
          {"written", amount(usage.io_write_bytes())},
          {"pids", usage.pids()},
          {"command", std::move(command)}};
}

}  // namespace

Result<> read_stats(const Session& session, const v1::StatsRequest& request,
                    const std::function<Result<>(const v1::StatsEvent&)>& show) {
  EngineClient engine = WARREN_TRY(session.connect());
  for (;;) {
    const auto result = read_stream(engine, request, show);
    if (result || request.interval_ms() == 0 || !is_lost(result.error())) return result;
    WARREN_TRY(engine.reconnect());
  }
}

Result<std::string> format_stats(const v1::StatsEvent& event) {
  Json rows = Json::array();
  for (const auto& reading : event.readings()) rows.push_back(row_of(reading));
  return format_table(
      rows, {"seq", "name", "cpu_seconds", "memory", "peak", "read", "written", "pids", "command"});
}

}  // namespace warren::client::cli
