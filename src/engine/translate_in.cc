// SPDX-License-Identifier: Apache-2.0
//
// From messages.

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/translate.h"

namespace warren::engine {
namespace {

using model::IoClass;

std::optional<Bytes> bytes(bool is_given, std::uint64_t value) {
  return is_given ? std::optional(Bytes{value}) : std::nullopt;
}

std::optional<IoClass> io_class_of(v1::Limits::IoClass message) {
  switch (message) {
    case v1::Limits::IO_CLASS_LOW:
      return IoClass::kLow;
    case v1::Limits::IO_CLASS_MEDIUM:
      return IoClass::kMedium;
    case v1::Limits::IO_CLASS_HIGH:
      return IoClass::kHigh;
    default:
      return std::nullopt;
  }
}

Result<Duration> duration_of(std::string_view what, std::uint64_t milliseconds) {
  constexpr auto kMost =
      static_cast<std::uint64_t>(std::chrono::milliseconds(std::chrono::years(100)).count());
  if (milliseconds > kMost) return fail(Errc::kInvalidArgument, "the {} is too long", what);
  return Duration(static_cast<Duration::rep>(milliseconds));
}

Result<model::Limits> limits_of(const v1::Limits& message) {
  model::Limits limits;
  if (message.has_cpu_percent()) limits.cpu_percent = message.cpu_percent();
  limits.cores.cores.assign(message.cores().begin(), message.cores().end());
  std::ranges::sort(limits.cores.cores);
  const auto repeated = std::ranges::unique(limits.cores.cores);
  limits.cores.cores.erase(repeated.begin(), repeated.end());
  limits.memory = bytes(message.has_memory_bytes(), message.memory_bytes());
  limits.swap = bytes(message.has_swap_bytes(), message.swap_bytes());
  if (message.has_pids()) limits.pids = message.pids();
  limits.io_per_second = bytes(message.has_io_bytes_per_second(), message.io_bytes_per_second());
  limits.io_class = io_class_of(message.io_class());
  limits.io_direct_only = message.io_direct_only();
  limits.disk = bytes(message.has_disk_bytes(), message.disk_bytes());
  limits.log = bytes(message.has_log_bytes(), message.log_bytes());
  if (message.has_timeout_ms()) {
    limits.timeout = WARREN_TRY(duration_of("time-out", message.timeout_ms()));
  }
  return limits;
}

Result<model::Network> network_of(const std::string& name, model::Profile profile) {
  using model::Network;
  if (name.empty()) return profile == model::Profile::kHost ? Network::kHost : Network::kNone;
  if (name == "none") return Network::kNone;
  if (name == "host") return Network::kHost;
  return fail(Errc::kInvalidArgument, "network '{}' is not available yet", name);
}

Result<model::SandboxSpec> sandbox_of(const v1::Spec& message) {
  model::SandboxSpec sandbox;
  if (!message.image().empty()) sandbox.image = message.image();
  const bool is_host = message.profile() == v1::Spec::PROFILE_HOST;
  sandbox.profile = is_host ? model::Profile::kHost : model::Profile::kIsolated;
  sandbox.network = WARREN_TRY(network_of(message.network(), sandbox.profile));
  sandbox.limits = WARREN_TRY(limits_of(message.limits()));
  return sandbox;
}

Result<model::ProcessSpec> process_of(const v1::Spec& message) {
  model::ProcessSpec process;
  process.argv.assign(message.argv().begin(), message.argv().end());
  process.env.insert(message.env().begin(), message.env().end());
  if (message.has_workdir()) process.workdir = message.workdir();
  if (!message.user().empty()) process.user = WARREN_TRY(model::parse_user(message.user()));
  process.input = message.input() ? model::Input::kPipe : model::Input::kNull;
  process.streams = message.merged_streams() ? model::Streams::kMerged : model::Streams::kSeparate;
  return process;
}

}  // namespace

Result<model::JobSpec> from_proto(const v1::Spec& message) {
  model::JobSpec spec;
  spec.sandbox = WARREN_TRY(sandbox_of(message));
  spec.process = WARREN_TRY(process_of(message));
  spec.name = message.name();
  spec.labels.insert(message.labels().begin(), message.labels().end());
  spec.priority = message.priority();
  spec.on_client_exit =
      message.stop_on_client_exit() ? model::OnClientExit::kStop : model::OnClientExit::kKeep;
  spec.on_engine_exit =
      message.end_with_engine() ? model::OnEngineExit::kKill : model::OnEngineExit::kKeep;
  spec.forget_when_ended = message.forget_when_ended();
  spec.wait_for_uploads = message.uploads();
  return spec;
}

Result<std::optional<model::Start>> start_from_proto(const v1::Spec& message) {
  if (!message.has_schedule()) return std::nullopt;
  switch (message.schedule().when_case()) {
    case v1::Schedule::kAt:
      return Timestamp(std::chrono::microseconds(message.schedule().at()));
    case v1::Schedule::kAfterMs:
      return WARREN_TRY(duration_of("schedule", message.schedule().after_ms()));
    case v1::Schedule::WHEN_NOT_SET:
      break;
  }
  return fail(Errc::kInvalidArgument, "schedule: it says no time");
}

Result<store::Query> from_proto(const v1::ListRequest& message) {
  store::Query query;
  for (const std::string& name : message.states()) {
    const model::State state = WARREN_TRY(model::parse_state(name));
    query.states.push_back(state);
  }
  query.labels.insert(message.labels().begin(), message.labels().end());
  query.sandboxes_of_jobs = message.sandboxes();
  query.limit = message.limit();
  return query;
}

Farewell from_proto(const v1::StopRequest& message) {
  constexpr Duration kLongest = std::chrono::days(365);
  Farewell farewell;
  if (message.signal() != 0) farewell.signal = static_cast<int>(message.signal());
  if (message.has_grace_ms()) {
    const auto longest = static_cast<std::uint64_t>(kLongest.count());
    farewell.grace = Duration(static_cast<Duration::rep>(std::min(message.grace_ms(), longest)));
  }
  return farewell;
}

std::string fingerprint(const v1::Spec& message) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    v1::Spec lasting = message;
    lasting.clear_input();  // A client that repeats its call may have nothing left to write.
    std::ignore = lasting.SerializeToCodedStream(&coded);  // A string takes everything.
  }
  __extension__ using Hash = unsigned __int128;
  constexpr Hash kPrime = (Hash{1} << 88) + 0x13b;
  Hash hash = (Hash{0x6c62272e07bb0142} << 64) + 0x62b821756295c58d;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * kPrime;
  return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(hash >> 64),
                     static_cast<std::uint64_t>(hash));
}

}  // namespace warren::engine
