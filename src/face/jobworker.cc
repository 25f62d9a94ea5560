// SPDX-License-Identifier: Apache-2.0

#include "face/jobworker.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/decimal.h"
#include "base/quote.h"
#include "base/size.h"
#include "model/cause.h"
#include "model/limits.h"
#include "model/state.h"

namespace warren::face::jobworker {
namespace {

using model::Cause;

constexpr std::string_view kUnlimited = "max";
constexpr std::uint64_t kMillisOfCore = 1000;
constexpr std::uint64_t kMillisOfPercent = 10;

// What each limit is called at the beginning of a sentence about it.
struct LimitNames {
  std::string_view engine;
  std::string_view field;
  std::string_view flag;
};

constexpr std::array kLimitNames{LimitNames{"max-cpu: ", "limits.cpu: ", "-cpu: "},
                                 LimitNames{"max-memory: ", "limits.memory_max: ", "-mem: "},
                                 LimitNames{"max-iobps: ", "limits.io_class: ", "-io: "}};

Error renamed(Error error, std::string_view LimitNames::*from, std::string_view LimitNames::*to) {
  for (const LimitNames& names : kLimitNames) {
    if (!error.message.starts_with(names.*from)) continue;
    error.message.replace(0, (names.*from).size(), names.*to);
    break;
  }
  return error;
}

std::string_view text_or(std::string_view text, std::string_view usual) {
  return text.empty() ? usual : text;
}

// Percent of one core; absent for "max".
Result<std::optional<std::uint32_t>> parse_cpu(std::string_view text) {
  if (text == kUnlimited) return std::nullopt;
  constexpr std::uint64_t kMost =
      std::uint64_t{std::numeric_limits<std::uint32_t>::max()} * kMillisOfPercent;
  std::string_view rest = text;
  const std::optional<Decimal> number = take_decimal(rest);
  const bool is_millis = rest == "m";
  if (number && (is_millis || rest.empty())) {
    const auto millis = scale(*number, is_millis ? 1 : kMillisOfCore, kMost);
    if (millis && *millis > 0) {
      return static_cast<std::uint32_t>((*millis + kMillisOfPercent - 1) / kMillisOfPercent);
    }
  }
  return fail(Errc::kInvalidArgument, "{} is not an amount of cores such as 500m, 2 or max",
              quote(text));
}

Result<std::optional<Bytes>> parse_memory(std::string_view text) {
  if (text == kUnlimited) return std::nullopt;
  return WARREN_TRY(parse_size(text));
}

v1::Limits::IoClass native_class(model::IoClass io_class) {
  switch (io_class) {
    case model::IoClass::kLow:
      return v1::Limits::IO_CLASS_LOW;
    case model::IoClass::kMedium:
      return v1::Limits::IO_CLASS_MEDIUM;
    case model::IoClass::kHigh:
      return v1::Limits::IO_CLASS_HIGH;
  }
  return v1::Limits::IO_CLASS_UNSPECIFIED;
}

// How an end is shown. `exit_code` is what the command itself ended with.
struct End {
  proto::JobStatus status;
  std::int32_t exit_code;
};

End end_of(const Cause& cause, std::int32_t exit_code) {
  switch (cause.type) {
    case Cause::Type::kExited:
    case Cause::Type::kDiskQuota:
      return {proto::JOB_STATUS_EXITED, exit_code};
    case Cause::Type::kSignaled:
    case Cause::Type::kOom:
    case Cause::Type::kTimeout:
      return {proto::JOB_STATUS_EXITED, kKilled};
    case Cause::Type::kStoppedBy:
    case Cause::Type::kCancelledBy:
      return {proto::JOB_STATUS_STOPPED, kKilled};
    case Cause::Type::kStartFailed:
      return {proto::JOB_STATUS_FAILED, cause.subject == "cgroup" ? kNoCgroup : kNotStarted};
    case Cause::Type::kNone:
    case Cause::Type::kInitLost:
    case Cause::Type::kMachineLost:
      break;
  }
  return {proto::JOB_STATUS_FAILED, kUnknown};
}

}  // namespace

Result<v1::Limits> limits_of(const proto::ResourceLimits& limits) {
  v1::Limits native;
  const auto cpu = WARREN_TRY(context(parse_cpu(text_or(limits.cpu(), kUsualCpu)), "limits.cpu"));
  if (cpu) native.set_cpu_percent(*cpu);
  const auto memory = WARREN_TRY(
      context(parse_memory(text_or(limits.memory_max(), kUsualMemory)), "limits.memory_max"));
  if (memory) native.set_memory_bytes(memory->value);
  const auto io_class = WARREN_TRY(
      context(model::parse_io_class(text_or(limits.io_class(), kUsualIoClass)), "limits.io_class"));
  native.set_io_class(native_class(io_class));
  // As much of it as the host can hold: docs/adr/0020-io-classes-of-jobworker.md.
  native.set_io_direct_only(model::bytes_per_second(io_class).has_value());
  return native;
}

Result<v1::Spec> spec_of(const proto::StartJobRequest& request) {
  if (request.executable().empty()) {
    return fail(Errc::kInvalidArgument, "executable: there is none");
  }
  v1::Spec spec;
  *spec.mutable_limits() = WARREN_TRY(limits_of(request.limits()));
  spec.add_argv(request.executable());
  for (const std::string& word : request.args()) spec.add_argv(word);
  spec.set_profile(v1::Spec::PROFILE_HOST);
  spec.set_network("host");
  spec.set_user("nobody:nogroup");
  spec.set_workdir("/");
  (*spec.mutable_env())["PATH"] = "/usr/bin:/bin";
  spec.set_end_with_engine(true);
  return spec;
}

Error about_field(Error error) {
  return renamed(std::move(error), &LimitNames::engine, &LimitNames::field);
}

Error about_flag(Error error) {
  return renamed(std::move(error), &LimitNames::field, &LimitNames::flag);
}

proto::JobMetadata metadata_of(const v1::Node& node) {
  proto::JobMetadata metadata;
  metadata.set_user(node.owner());
  const auto state = model::parse_state(node.state());
  if (state && !model::is_final(*state)) {
    metadata.set_status(proto::JOB_STATUS_RUNNING);
    return metadata;
  }
  const auto cause = model::parse_cause(node.cause());
  const End end = end_of(cause.value_or(Cause{}), node.exit_code());
  metadata.set_status(end.status);
  metadata.set_exit_code(end.exit_code);
  return metadata;
}

}  // namespace warren::face::jobworker
