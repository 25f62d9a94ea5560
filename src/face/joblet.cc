// SPDX-License-Identifier: Apache-2.0

#include "face/joblet.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <ranges>
#include <utility>

#include "base/duration.h"
#include "face/joblet_uuid.h"
#include "model/limits.h"

namespace warren::face::joblet {
namespace {

constexpr std::string_view kInitializing = "INITIALIZING";
constexpr std::string_view kRunning = "RUNNING";
constexpr std::string_view kCompleted = "COMPLETED";
constexpr std::string_view kFailed = "FAILED";
constexpr std::string_view kStopped = "STOPPED";

// Ours, and theirs.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kStates{{
    {"SCHEDULED", "SCHEDULED"},
    {"QUEUED", kInitializing},
    {"STARTING", kInitializing},
    {"RUNNING", kRunning},
    {"PAUSED", kRunning},
    {"STOPPING", kRunning},
    {"COMPLETED", kCompleted},
    {"FAILED", kFailed},
    {"STOPPED", kStopped},
    {"CANCELLED", kStopped},
    {"LOST", kFailed},
}};

std::int32_t to_int32(std::uint64_t number) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::min(number, kMost));
}

std::string cores_text(const v1::Limits& limits) {
  return model::to_text(model::CoreSet{{limits.cores().begin(), limits.cores().end()}});
}

// The fields that all answers about a whole job call alike.
template <typename Message>
void describe(const v1::Node& node, Message& message) {
  if (!node.command().empty()) message.set_command(node.command(0));
  for (const std::string& word : node.command() | std::views::drop(1)) message.add_args(word);
  message.set_max_cpu(to_int32(node.limits().cpu_percent()));
  message.set_cpu_cores(cores_text(node.limits()));
  message.set_max_memory(to_int32(node.limits().memory_bytes() >> 20U));
  message.set_status(std::string(status_of(node)));
  message.set_start_time(time_text(node.started_at()));
  message.set_end_time(time_text(node.ended_at()));
  message.set_exit_code(exit_code_of(node));
  message.set_scheduled_time(time_text(node.scheduled_at()));
}

bool is_secret(const v1::Node& node, std::string_view variable) {
  const auto label = node.labels().find(std::string(kSecretsLabel));
  if (label == node.labels().end()) return false;
  return std::ranges::any_of(std::views::split(label->second, ','), [&](auto name) {
    return std::string_view(name.begin(), name.end()) == variable;
  });
}

template <typename Message>
void describe_uuid(const v1::Node& node, const std::string& machine, Message& message) {
  describe(node, message);
  message.set_uuid(uuid_of(node.id()));
  message.set_max_io_bps(to_int32(node.limits().io_bytes_per_second()));
  message.set_node_id(machine);
  for (const std::string& variable : node.variables()) {
    auto& variables = is_secret(node, variable) ? *message.mutable_secret_environment()
                                                : *message.mutable_environment();
    variables[variable] = kMask;
  }
}

std::string workdir_of(const v1::Node& node) {
  if (!node.workdir().empty()) return node.workdir();
  return node.profile() == "host" ? "/" : "/work";
}

template <typename Message>
void describe_end(const v1::Node& node, Message& message) {
  message.set_status(std::string(status_of(node)));
  message.set_end_time(time_text(node.ended_at()));
  message.set_exit_code(exit_code_of(node));
}

}  // namespace

std::string_view status_of(const v1::Node& node) noexcept {
  const auto* const known = std::ranges::find(
      kStates, node.state(), &std::pair<std::string_view, std::string_view>::first);
  return known == kStates.end() ? kInitializing : known->second;
}

bool has_ended(std::string_view status) noexcept {
  return status == kCompleted || status == kFailed || status == kStopped;
}

std::int32_t exit_code_of(const v1::Node& node) noexcept {
  const std::string_view status = status_of(node);
  if (!has_ended(status)) return 0;
  return status == kStopped ? -1 : node.exit_code();
}

std::string time_text(std::int64_t microseconds) {
  if (microseconds == 0) return "";
  const Timestamp time{std::chrono::microseconds(microseconds)};
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

template <typename Message>
Message job_of(const v1::Node& node) {
  Message message;
  describe(node, message);
  message.set_id(std::to_string(node.seq()));
  message.set_max_iobps(to_int32(node.limits().io_bytes_per_second()));
  return message;
}

template v2_10::Job job_of(const v1::Node& node);
template v2_10::RunJobRes job_of(const v1::Node& node);
template v2_10::GetJobStatusRes job_of(const v1::Node& node);

v2_10::StopJobRes stopped_job(const v1::Node& node) {
  v2_10::StopJobRes message;
  message.set_id(std::to_string(node.seq()));
  describe_end(node, message);
  return message;
}

uuid::Job uuid_job_of(const v1::Node& node, const std::string& machine) {
  uuid::Job message;
  describe_uuid(node, machine, message);
  return message;
}

uuid::GetJobStatusResponse uuid_status_of(const v1::Node& node, const std::string& machine) {
  uuid::GetJobStatusResponse message;
  describe_uuid(node, machine, message);
  message.set_network(node.network());
  message.set_work_dir(workdir_of(node));
  return message;
}

uuid::StopJobResponse stopped_uuid_job(const v1::Node& node) {
  uuid::StopJobResponse message;
  message.set_uuid(uuid_of(node.id()));
  describe_end(node, message);
  return message;
}

}  // namespace warren::face::joblet
