// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_request.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/quote.h"
#include "model/schedule.h"
#include "warren/v1/joblet_name.pb.h"

namespace warren::client {
namespace {

using face::joblet::v2_11::RunJobReq;

// Of a flag that was given; 0, which asks for the server's default, of one that was not.
Result<std::int32_t> parse_limit(std::string_view flag, std::string_view text) {
  if (text.empty()) return 0;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && number >= 0) return number;
  return fail(Errc::kInvalidArgument, "{}: {} is not a whole number in range", flag, quote(text));
}

Result<std::string> instant_of(const std::string& text, const RnxClock& clock) {
  const model::Schedule schedule = WARREN_TRY(model::parse_schedule(text));
  model::Start start;
  if (const auto* const local = std::get_if<LocalTimestamp>(&schedule)) {
    start = WARREN_TRY(clock.resolve(*local));
  } else if (const auto* const after = std::get_if<Duration>(&schedule)) {
    start = *after;
  } else {
    start = std::get<Timestamp>(schedule);
  }
  const Timestamp at = WARREN_TRY(model::resolve(start, clock.now));
  return to_rfc3339(std::chrono::ceil<std::chrono::milliseconds>(at));
}

}  // namespace

Result<RunJobReq> make_run_request(const RnxFlags& flags, const std::vector<std::string>& command,
                                   const RnxClock& clock) {
  RunJobReq request;
  request.set_command(command.front());
  request.mutable_args()->Add(command.begin() + 1, command.end());
  request.set_max_cpu(WARREN_TRY(parse_limit("--max-cpu", flags.max_cpu)));
  request.set_cpu_cores(flags.cpu_cores);
  request.set_max_memory(WARREN_TRY(parse_limit("--max-memory", flags.max_memory)));
  request.set_max_iobps(WARREN_TRY(parse_limit("--max-iobps", flags.max_iobps)));
  request.set_network(flags.network);
  if (!flags.schedule.empty()) {
    request.set_schedule(WARREN_TRY(context(instant_of(flags.schedule, clock), "--schedule")));
  }
  v1::JobletName own;
  own.set_name(flags.name);
  // A field that the message does not have goes with it as it is.
  if (request.MergeFromString(own.SerializeAsString())) return request;
  return fail(Errc::kInvalidArgument, "--name: it cannot be sent");
}

}  // namespace warren::client
