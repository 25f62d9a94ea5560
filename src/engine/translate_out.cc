// SPDX-License-Identifier: Apache-2.0
//
// To messages.

#include <cstdint>
#include <utility>

#include "engine/translate.h"
#include "engine/utf8.h"

namespace warren::engine {
namespace {

std::int64_t micros(Timestamp time) {
  return time.time_since_epoch().count();
}

std::int64_t micros(const std::optional<Timestamp>& time) {
  return time ? micros(*time) : 0;
}

std::int64_t monotonic_ns(provider::Moment moment) {
  return std::chrono::nanoseconds(moment.time_since_epoch()).count();
}

v1::Limits::IoClass io_class_to_proto(model::IoClass io_class) {
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

void add_identity(const model::Node& node, v1::Node& message) {
  message.set_id(node.id.to_text());
  message.set_seq(node.seq);
  message.set_kind(std::string(model::to_text(node.kind)));
  message.set_owner(node.owner.name);
  if (node.face != model::Face::kLocal) message.set_face(std::string(model::to_text(node.face)));
  if (node.parent) message.set_parent(node.parent->to_text());
  if (node.sandbox) message.set_sandbox(node.sandbox->to_text());
}

void add_name(const model::JobSpec& spec, v1::Node& message) {
  message.set_name(spec.name);
  for (const std::string& word : spec.process.argv) message.add_command(word);
}

// What only the full view has of a spec.
void add_spec(const model::JobSpec& spec, v1::Node& message) {
  for (const auto& [name, value] : spec.process.env) message.add_variables(name);
  message.set_workdir(spec.process.workdir.value_or(""));
  message.set_image(spec.sandbox.image);
  message.set_provider("local");
  message.set_profile(spec.sandbox.profile == model::Profile::kHost ? "host" : "isolated");
  message.set_network(spec.sandbox.network == model::Network::kHost ? "host" : "none");
  *message.mutable_limits() = to_proto(spec.sandbox.limits);
  message.mutable_labels()->insert(spec.labels.begin(), spec.labels.end());
  message.set_priority(spec.priority);
}

void add_course(const model::Node& node, v1::Node& message) {
  message.set_state(std::string(model::to_text(node.state)));
  message.set_created_at(micros(node.created_at));
  message.set_started_at(micros(node.started_at));
  message.set_ended_at(micros(node.ended_at));
  message.set_scheduled_at(micros(node.scheduled_at));
  message.set_late_ms(static_cast<std::uint64_t>(node.late.count()));
  message.set_message(to_utf8(node.message));
}

// What it has used and written: of the full view.
void add_readings(const model::Node& node, v1::Node& message) {
  *message.mutable_usage() = to_proto(node.usage);
  message.set_stdout_bytes(node.stdout_bytes.value);
  message.set_stderr_bytes(node.stderr_bytes.value);
  message.set_lost_bytes(node.lost_bytes.value);
}

// While a node is ending, its cause is the engine's intent and not yet a fact.
void add_end(const model::Node& node, v1::Node& message) {
  if (!model::is_final(node.state)) return;
  message.set_cause(model::to_text(node.cause));
  if (node.exit_code) message.set_exit_code(*node.exit_code);
  if (node.cause.type == model::Cause::Type::kSignaled) message.set_signal(node.cause.number);
}

}  // namespace

v1::Limits to_proto(const model::Limits& limits) {
  v1::Limits message;
  if (limits.cpu_percent) message.set_cpu_percent(*limits.cpu_percent);
  for (const std::uint32_t core : limits.cores.cores) message.add_cores(core);
  if (limits.memory) message.set_memory_bytes(limits.memory->value);
  if (limits.swap) message.set_swap_bytes(limits.swap->value);
  if (limits.pids) message.set_pids(*limits.pids);
  if (limits.io_per_second) message.set_io_bytes_per_second(limits.io_per_second->value);
  if (limits.io_class) message.set_io_class(io_class_to_proto(*limits.io_class));
  message.set_io_direct_only(limits.io_direct_only);
  if (limits.disk) message.set_disk_bytes(limits.disk->value);
  if (limits.log) message.set_log_bytes(limits.log->value);
  if (limits.timeout) {
    message.set_timeout_ms(static_cast<std::uint64_t>(limits.timeout->count()));
  }
  return message;
}

v1::Usage to_proto(const model::Usage& usage) {
  v1::Usage message;
  message.set_cpu_usec(usage.cpu_usec);
  message.set_memory_bytes(usage.memory.value);
  message.set_memory_peak_bytes(usage.memory_peak.value);
  message.set_io_read_bytes(usage.io_read.value);
  message.set_io_write_bytes(usage.io_write.value);
  message.set_pids(usage.pids);
  message.set_throttled_usec(usage.throttled_usec);
  return message;
}

v1::Node to_proto(const model::Node& node) {
  return to_proto(node, node.spec, v1::ListRequest::VIEW_FULL);
}

v1::Node to_proto(const model::Node& node, const model::JobSpec& spec, v1::ListRequest::View view) {
  v1::Node message;
  add_identity(node, message);
  add_name(spec, message);
  add_course(node, message);
  add_end(node, message);
  if (view == v1::ListRequest::VIEW_FULL) {
    add_spec(spec, message);
    add_readings(node, message);
  }
  return message;
}

void add_whereabouts(const provider::Whereabouts& where, v1::Node& message) {
  message.set_pid(where.pid);
  message.set_cgroup(where.cgroup);
  message.mutable_attached_pids()->Assign(where.attached.begin(), where.attached.end());
}

v1::StartStages to_proto(const StartTimes& times) {
  v1::StartStages message;
  message.set_received_ns(monotonic_ns(times.received));
  message.set_accepted_ns(monotonic_ns(times.accepted));
  message.set_committed_ns(monotonic_ns(times.committed));
  message.set_admitted_ns(monotonic_ns(times.admitted));
  message.set_taken_ns(monotonic_ns(times.made->taken));
  message.set_prepared_ns(monotonic_ns(times.made->prepared));
  message.set_launching_ns(monotonic_ns(times.made->launching));
  message.set_cloning_ns(monotonic_ns(times.made->cloning));
  message.set_began_ns(monotonic_ns(times.made->began));
  message.set_built_ns(monotonic_ns(times.made->built));
  message.set_spawned_ns(monotonic_ns(times.made->spawned));
  message.set_known_ns(monotonic_ns(times.made->known));
  message.set_settled_ns(monotonic_ns(times.settled));
  return message;
}

v1::NodeEvent to_proto(const store::NodeEvent& event) {
  v1::NodeEvent message;
  message.set_number(event.number);
  message.set_at(micros(event.at));
  message.set_node(event.node.to_text());
  message.set_seq(event.seq);
  message.set_state(std::string(model::to_text(event.state)));
  message.set_cause(model::to_text(event.cause));
  return message;
}

v1::DoctorReply::Check to_proto(const provider::Check& check) {
  using Message = v1::DoctorReply::Check;
  Message message;
  message.set_name(check.name);
  message.set_detail(to_utf8(check.detail));
  switch (check.verdict) {
    case provider::Check::Verdict::kOk:
      message.set_verdict(Message::VERDICT_OK);
      break;
    case provider::Check::Verdict::kLimited:
      message.set_verdict(Message::VERDICT_LIMITED);
      break;
    case provider::Check::Verdict::kMissing:
      message.set_verdict(Message::VERDICT_MISSING);
      break;
  }
  return message;
}

}  // namespace warren::engine
