// SPDX-License-Identifier: Apache-2.0

#include "client/cli/run_flags.h"

#include <charconv>
#include <concepts>
#include <variant>

#include "base/duration.h"
#include "base/size.h"
#include "client/utf8.h"
#include "model/limits.h"
#include "model/schedule.h"
#include "model/spec.h"
#include "os/local_time.h"

namespace warren::client::cli {
namespace {

// More than any machine has; the engine knows how many this one has.
constexpr std::uint32_t kMostCores = 8192;

template <std::integral Number>
Result<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::kInvalidArgument, "'{}' is not a number in range", text);
  }
  return number;
}

// Calls `set` with what `parse` makes of the flag's text, when the flag was given.
template <typename Parse, typename Set>
Result<> apply(const char* flag, const std::string& text, Parse parse, Set set) {
  if (text.empty()) return {};
  auto value = context(parse(text), "{}", flag);
  if (!value) return std::unexpected(std::move(value.error()));
  set(*std::move(value));
  return {};
}

Result<Bytes> parse_memory(const std::string& text) {
  return parse_size(text, BareNumber::kMebibytes);
}

Result<Bytes> parse_bytes(const std::string& text) {
  return parse_size(text);
}

Result<std::uint32_t> parse_percent(const std::string& text) {
  return parse_number<std::uint32_t>(text.ends_with('%') ? text.substr(0, text.size() - 1) : text);
}

Result<model::CoreSet> parse_core_list(const std::string& text) {
  return model::parse_cores(text, kMostCores);
}

Result<v1::Limits::IoClass> parse_class(const std::string& text) {
  switch (WARREN_TRY(model::parse_io_class(text))) {
    case model::IoClass::kLow:
      return v1::Limits::IO_CLASS_LOW;
    case model::IoClass::kMedium:
      return v1::Limits::IO_CLASS_MEDIUM;
    case model::IoClass::kHigh:
      break;
  }
  return v1::Limits::IO_CLASS_HIGH;
}

Result<v1::Spec::Profile> parse_profile(const std::string& text) {
  if (text == "isolated") return v1::Spec::PROFILE_ISOLATED;
  if (text == "host") return v1::Spec::PROFILE_HOST;
  return fail(Errc::kInvalidArgument, "'{}' is neither 'isolated' nor 'host'", text);
}

Result<bool> parse_on_client_exit(const std::string& text) {
  if (text == "stop") return true;
  if (text == "keep") return false;
  return fail(Errc::kInvalidArgument, "'{}' is neither 'keep' nor 'stop'", text);
}

Result<bool> parse_on_engine_exit(const std::string& text) {
  if (text == "kill") return true;
  if (text == "keep") return false;
  return fail(Errc::kInvalidArgument, "'{}' is neither 'keep' nor 'kill'", text);
}

Result<model::Start> parse_start(const std::string& text) {
  const model::Schedule schedule = WARREN_TRY(model::parse_schedule(text));
  if (const auto* after = std::get_if<Duration>(&schedule)) return *after;
  if (const auto* at = std::get_if<Timestamp>(&schedule)) return *at;
  return WARREN_TRY(os::to_timestamp(std::get<LocalTimestamp>(schedule)));
}

void set_start(const model::Start& start, v1::Schedule& schedule) {
  if (const auto* after = std::get_if<Duration>(&start)) {
    schedule.set_after_ms(static_cast<std::uint64_t>(after->count()));
  } else {
    schedule.set_at(std::get<Timestamp>(start).time_since_epoch().count());
  }
}

// Names that the design has and that this version does not serve yet.
Result<> check_available(const RunFlags& flags) {
  if (!flags.image.empty() && flags.image != "host") {
    return fail(Errc::kFailedPrecondition, "--image={}: not available yet", flags.image);
  }
  if (!flags.network.empty() && flags.network != "none" && flags.network != "host") {
    return fail(Errc::kFailedPrecondition, "--network={}: not available yet", flags.network);
  }
  return {};
}

Result<> check_text(std::string_view what, std::string_view text) {
  if (is_utf8(text)) return {};
  return fail(Errc::kInvalidArgument, "{} is not UTF-8", what);
}

// The command is argument 0, as for the command itself.
Result<> check_texts(const RunFlags& flags, const std::vector<std::string>& command) {
  for (std::size_t i = 0; i < command.size(); ++i) {
    WARREN_TRY(check_text(fmt::format("argument {}", i), command[i]));
  }
  for (const std::string& variable : flags.env) WARREN_TRY(check_text("--env", variable));
  for (const std::string& label : flags.labels) WARREN_TRY(check_text("--label", label));
  WARREN_TRY(check_text("--name", flags.name));
  WARREN_TRY(check_text("--user", flags.user));
  WARREN_TRY(check_text("--workdir", flags.workdir));
  return check_text("--idempotency-key", flags.idempotency_key);
}

Result<> set_limits(v1::Limits& limits, const RunFlags& flags) {
  WARREN_TRY(apply("--max-cpu", flags.max_cpu, parse_percent,
                   [&](std::uint32_t percent) { limits.set_cpu_percent(percent); }));
  WARREN_TRY(apply("--cpu-cores", flags.cpu_cores, parse_core_list, [&](model::CoreSet set) {
    limits.mutable_cores()->Assign(set.cores.begin(), set.cores.end());
  }));
  WARREN_TRY(apply("--max-memory", flags.max_memory, parse_memory,
                   [&](Bytes size) { limits.set_memory_bytes(size.value); }));
  WARREN_TRY(apply("--max-pids", flags.max_pids, parse_number<std::uint64_t>,
                   [&](std::uint64_t count) { limits.set_pids(count); }));
  WARREN_TRY(apply("--max-iobps", flags.max_iobps, parse_bytes,
                   [&](Bytes size) { limits.set_io_bytes_per_second(size.value); }));
  WARREN_TRY(apply("--io-class", flags.io_class, parse_class,
                   [&](v1::Limits::IoClass io_class) { limits.set_io_class(io_class); }));
  WARREN_TRY(apply("--max-disk", flags.max_disk, parse_bytes,
                   [&](Bytes size) { limits.set_disk_bytes(size.value); }));
  WARREN_TRY(apply("--max-log", flags.max_log, parse_bytes,
                   [&](Bytes size) { limits.set_log_bytes(size.value); }));
  WARREN_TRY(apply("--timeout", flags.timeout, parse_duration, [&](Duration duration) {
    limits.set_timeout_ms(static_cast<std::uint64_t>(duration.count()));
  }));
  limits.set_io_direct_only(flags.io_direct_only);
  return {};
}

template <typename Map>
Result<> set_pairs(const char* flag, const std::vector<std::string>& texts, Map& map) {
  for (const std::string& text : texts) {
    auto pair = WARREN_TRY(context(model::parse_assignment(text), "{}", flag));
    map[pair.first] = std::move(pair.second);
  }
  return {};
}

Result<> set_identity(v1::Spec& spec, const RunFlags& flags) {
  if (!flags.name.empty()) {
    WARREN_TRY(context(model::validate_name(flags.name), "--name"));
    spec.set_name(flags.name);
  }
  if (!flags.user.empty()) {
    WARREN_TRY(context(model::parse_user(flags.user), "--user"));
    spec.set_user(flags.user);
  }
  if (!flags.workdir.empty()) spec.set_workdir(flags.workdir);
  spec.set_network(flags.network);
  WARREN_TRY(apply("--profile", flags.profile, parse_profile,
                   [&](v1::Spec::Profile profile) { spec.set_profile(profile); }));
  WARREN_TRY(apply("--priority", flags.priority, parse_number<std::int32_t>,
                   [&](std::int32_t priority) { spec.set_priority(priority); }));
  WARREN_TRY(apply("--schedule", flags.schedule, parse_start,
                   [&](const model::Start& start) { set_start(start, *spec.mutable_schedule()); }));
  WARREN_TRY(apply("--on-client-exit", flags.on_client_exit, parse_on_client_exit,
                   [&](bool stop) { spec.set_stop_on_client_exit(stop); }));
  WARREN_TRY(apply("--on-engine-exit", flags.on_engine_exit, parse_on_engine_exit,
                   [&](bool kill) { spec.set_end_with_engine(kill); }));
  WARREN_TRY(set_pairs("--env", flags.env, *spec.mutable_env()));
  return set_pairs("--label", flags.labels, *spec.mutable_labels());
}

}  // namespace

Result<v1::RunRequest> make_run_request(const RunFlags& flags,
                                        const std::vector<std::string>& command) {
  WARREN_TRY(check_available(flags));
  if (command.empty()) return fail(Errc::kInvalidArgument, "run: there is no command to run");
  WARREN_TRY(check_texts(flags, command));
  v1::RunRequest request;
  v1::Spec& spec = *request.mutable_spec();
  spec.mutable_argv()->Assign(command.begin(), command.end());
  WARREN_TRY(set_identity(spec, flags));
  WARREN_TRY(set_limits(*spec.mutable_limits(), flags));
  spec.set_forget_when_ended(flags.forget);
  spec.set_uploads(!flags.uploads.files.empty() || !flags.uploads.directories.empty());
  request.set_idempotency_key(flags.idempotency_key);
  request.set_detach(flags.detach);
  request.set_output(!flags.detach);
  return request;
}

}  // namespace warren::client::cli
