// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_request.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "base/quote.h"
#include "face/joblet.h"
#include "model/limits.h"
#include "model/schedule.h"

namespace warren::face::joblet {
namespace {

constexpr std::uint32_t kMostCores = 8192;  // Which of them there are is for the engine to say.
constexpr std::size_t kLongestNumber = 19;
constexpr std::size_t kLongestLabel = 256;
constexpr std::chrono::seconds kUnderWay{5};

std::unexpected<Error> not_available(std::string_view what) {
  return fail(Errc::kFailedPrecondition, "{} not available yet", what);
}

Result<> check_network(std::string_view network) {
  if (network.empty() || network == "none") return {};
  return fail(Errc::kFailedPrecondition,
              "network: {} is not available yet: the only network is 'none'", quote(network));
}

// Nothing for 0, which asks for no limit of its own.
Result<std::optional<std::uint32_t>> count_of(std::string_view what, std::int32_t asked) {
  if (asked < 0) return fail(Errc::kInvalidArgument, "{}: {} is negative", what, asked);
  return asked == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(asked));
}

struct Limits {
  std::int32_t cpu;
  std::string_view cores;
  std::int32_t memory;
  std::int32_t io;
};

Result<v1::Limits> limits_of(const Limits& asked) {
  v1::Limits limits;
  const std::optional<std::uint32_t> cpu = WARREN_TRY(count_of("max-cpu", asked.cpu));
  const std::optional<std::uint32_t> memory = WARREN_TRY(count_of("max-memory", asked.memory));
  const std::optional<std::uint32_t> io = WARREN_TRY(count_of("max-iobps", asked.io));
  const model::CoreSet cores =
      WARREN_TRY(context(model::parse_cores(asked.cores, kMostCores), "cpu-cores"));
  if (cpu) limits.set_cpu_percent(*cpu);
  if (memory) limits.set_memory_bytes(std::uint64_t{*memory} << 20U);
  if (io) limits.set_io_bytes_per_second(*io);
  limits.mutable_cores()->Add(cores.cores.begin(), cores.cores.end());
  return limits;
}

// What both generations call alike.
template <typename Request>
Result<v1::Spec> common_spec(const Request& request, std::int32_t io) {
  WARREN_TRY(check_network(request.network()));
  if (!request.volumes().empty()) return not_available("volumes: they are");
  v1::Spec spec;
  *spec.mutable_limits() = WARREN_TRY(limits_of({.cpu = request.max_cpu(),
                                                 .cores = request.cpu_cores(),
                                                 .memory = request.max_memory(),
                                                 .io = io}));
  spec.set_profile(v1::Spec::PROFILE_ISOLATED);
  spec.set_network("none");
  spec.set_merged_streams(true);
  spec.add_argv(request.command());
  for (const std::string& word : request.args()) spec.add_argv(word);
  return spec;
}

bool fits_a_list(char c) noexcept {
  return c >= ' ' && c <= '~' && c != ',';
}

Result<> add_variables(const uuid::RunJobRequest& request, v1::Spec& spec) {
  auto& variables = *spec.mutable_env();
  for (const auto& [name, value] : request.environment()) variables[name] = value;
  std::set<std::string_view> secrets;
  for (const auto& [name, value] : request.secret_environment()) {
    variables[name] = value;
    secrets.insert(name);
  }
  if (secrets.empty()) return {};
  std::string label;
  for (const std::string_view name : secrets) {
    if (!std::ranges::all_of(name, fits_a_list)) {
      return fail(Errc::kInvalidArgument, "secret_environment: {} is no name of a secret",
                  quote(name));
    }
    if (!label.empty()) label += ',';
    label += name;
  }
  if (label.size() > kLongestLabel) {
    return fail(Errc::kInvalidArgument, "secret_environment: the names together exceed {} bytes",
                kLongestLabel);
  }
  (*spec.mutable_labels())[std::string(kSecretsLabel)] = std::move(label);
  return {};
}

// The instant of a schedule; nothing for one that counts from now.
Result<std::optional<Timestamp>> instant_of(const model::Schedule& schedule, const Clock& clock) {
  if (std::holds_alternative<Duration>(schedule)) return std::nullopt;
  Timestamp at;
  if (const auto* const local = std::get_if<LocalTimestamp>(&schedule)) {
    at = WARREN_TRY(clock.resolve(*local));
  } else {
    at = std::get<Timestamp>(schedule);
  }
  if (at < clock.now && at >= clock.now - kUnderWay) at = clock.now;
  return WARREN_TRY(model::resolve(at, clock.now));
}

}  // namespace

Result<v1::Spec> spec_of(const v2_11::RunJobReq& request) {
  v1::Spec spec = WARREN_TRY(common_spec(request, request.max_iobps()));
  spec.set_user("root");
  return spec;
}

Result<v1::Spec> spec_of(const uuid::RunJobRequest& request) {
  if (!request.runtime().empty()) return not_available("runtime: runtimes are");
  if (request.gpu_count() != 0 || request.gpu_memory_mb() != 0) {
    return not_available("gpu: GPUs are");
  }
  v1::Spec spec = WARREN_TRY(common_spec(request, request.max_io_bps()));
  spec.set_user("nobody");
  if (!request.work_dir().empty()) spec.set_workdir(request.work_dir());
  WARREN_TRY(add_variables(request, spec));
  return spec;
}

Result<std::optional<v1::Schedule>> schedule_of(std::string_view text, const Clock& clock) {
  if (text.empty()) return std::nullopt;
  const model::Schedule asked = WARREN_TRY(context(model::parse_schedule(text), "schedule"));
  const std::optional<Timestamp> at = WARREN_TRY(context(instant_of(asked, clock), "schedule"));
  v1::Schedule schedule;
  if (at && *at - clock.now > kUnderWay) {
    schedule.set_at(at->time_since_epoch().count());
    return schedule;
  }
  // A moment that is close would lie in the past by the time the engine sees it.
  const Duration after =
      at ? std::chrono::ceil<Duration>(*at - clock.now) : std::get<Duration>(asked);
  schedule.set_after_ms(static_cast<std::uint64_t>(after.count()));
  return schedule;
}

bool is_number(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kLongestNumber && id.front() != '0' &&
         std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace warren::face::joblet
