// SPDX-License-Identifier: Apache-2.0

#include "client/node_json.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/duration.h"
#include "client/table.h"

namespace warren::client {
namespace {

using Json = nlohmann::ordered_json;

template <typename Texts>
Json list_to_json(const Texts& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

// Sorted: a map of the API has no order of its own.
template <typename Map>
Json map_to_json(const Map& map) {
  Json object = Json::object();
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) {
    object[key] = value;
  }
  return object;
}

Json io_class_to_json(v1::Limits::IoClass io_class) {
  switch (io_class) {
    case v1::Limits::IO_CLASS_LOW:
      return "low";
    case v1::Limits::IO_CLASS_MEDIUM:
      return "med";
    case v1::Limits::IO_CLASS_HIGH:
      return "high";
    default:
      return nullptr;
  }
}

// null: there is no such limit.
Json limits_to_json(const v1::Limits& limits) {
  const auto optional = [](bool has, std::uint64_t value) { return has ? Json(value) : Json(); };
  return {
      {"cpu_percent", optional(limits.has_cpu_percent(), limits.cpu_percent())},
      {"cores", limits.cores().empty() ? Json() : list_to_json(limits.cores())},
      {"memory_bytes", optional(limits.has_memory_bytes(), limits.memory_bytes())},
      {"swap_bytes", optional(limits.has_swap_bytes(), limits.swap_bytes())},
      {"pids", optional(limits.has_pids(), limits.pids())},
      {"io_bytes_per_second",
       optional(limits.has_io_bytes_per_second(), limits.io_bytes_per_second())},
      {"io_class", io_class_to_json(limits.io_class())},
      {"io_direct_only", limits.io_direct_only()},
      {"disk_bytes", optional(limits.has_disk_bytes(), limits.disk_bytes())},
      {"log_bytes", optional(limits.has_log_bytes(), limits.log_bytes())},
      {"timeout_ms", optional(limits.has_timeout_ms(), limits.timeout_ms())},
  };
}

Json usage_to_json(const v1::Usage& usage) {
  return {
      {"cpu_usec", usage.cpu_usec()},
      {"memory_bytes", usage.memory_bytes()},
      {"memory_peak_bytes", usage.memory_peak_bytes()},
      {"io_read_bytes", usage.io_read_bytes()},
      {"io_write_bytes", usage.io_write_bytes()},
      {"pids", usage.pids()},
      {"throttled_usec", usage.throttled_usec()},
  };
}

std::string_view verdict_to_text(v1::DoctorReply::Check::Verdict verdict) {
  switch (verdict) {
    case v1::DoctorReply::Check::VERDICT_OK:
      return "ok";
    case v1::DoctorReply::Check::VERDICT_LIMITED:
      return "limited";
    default:
      return "missing";
  }
}

struct NodeField {
  std::string_view name;
  Json (*read)(const v1::Node& node);
};

// What ListRequest.VIEW_BASIC tells. In the order of kNodeFields.
constexpr std::string_view kBasicFields[] = {
    "id",           "seq",     "name",    "kind",   "state",      "cause",      "exit_code",
    "signal",       "command", "sandbox", "parent", "created_at", "started_at", "ended_at",
    "scheduled_at", "late_ms", "owner",   "face",   "message",
};

// In the order of docs/reference/cli.md.
constexpr NodeField kNodeFields[] = {
    {"id", [](const v1::Node& node) -> Json { return node.id(); }},
    {"seq", [](const v1::Node& node) -> Json { return node.seq(); }},
    {"name", [](const v1::Node& node) -> Json { return node.name(); }},
    {"kind", [](const v1::Node& node) -> Json { return node.kind(); }},
    {"state", [](const v1::Node& node) -> Json { return node.state(); }},
    {"cause", [](const v1::Node& node) -> Json { return node.cause(); }},
    {"exit_code",
     [](const v1::Node& node) -> Json {
       return node.has_exit_code() ? Json(node.exit_code()) : Json();
     }},
    {"signal",
     [](const v1::Node& node) -> Json { return node.has_signal() ? Json(node.signal()) : Json(); }},
    {"command", [](const v1::Node& node) -> Json { return list_to_json(node.command()); }},
    {"image", [](const v1::Node& node) -> Json { return node.image(); }},
    {"provider", [](const v1::Node& node) -> Json { return node.provider(); }},
    {"sandbox", [](const v1::Node& node) -> Json { return node.sandbox(); }},
    {"parent", [](const v1::Node& node) -> Json { return node.parent(); }},
    {"children", [](const v1::Node& node) -> Json { return list_to_json(node.children()); }},
    {"network", [](const v1::Node& node) -> Json { return node.network(); }},
    {"limits", [](const v1::Node& node) -> Json { return limits_to_json(node.limits()); }},
    {"usage", [](const v1::Node& node) -> Json { return usage_to_json(node.usage()); }},
    {"created_at", [](const v1::Node& node) -> Json { return time_to_json(node.created_at()); }},
    {"started_at", [](const v1::Node& node) -> Json { return time_to_json(node.started_at()); }},
    {"ended_at", [](const v1::Node& node) -> Json { return time_to_json(node.ended_at()); }},
    {"scheduled_at",
     [](const v1::Node& node) -> Json { return time_to_json(node.scheduled_at()); }},
    {"late_ms", [](const v1::Node& node) -> Json { return node.late_ms(); }},
    {"labels", [](const v1::Node& node) -> Json { return map_to_json(node.labels()); }},
    {"owner", [](const v1::Node& node) -> Json { return node.owner(); }},
    {"face", [](const v1::Node& node) -> Json { return node.face(); }},
    {"profile", [](const v1::Node& node) -> Json { return node.profile(); }},
    {"message", [](const v1::Node& node) -> Json { return node.message(); }},
    {"priority", [](const v1::Node& node) -> Json { return node.priority(); }},
    {"stdout_bytes", [](const v1::Node& node) -> Json { return node.stdout_bytes(); }},
    {"stderr_bytes", [](const v1::Node& node) -> Json { return node.stderr_bytes(); }},
    {"lost_bytes", [](const v1::Node& node) -> Json { return node.lost_bytes(); }},
    {"pid",
     [](const v1::Node& node) -> Json { return node.pid() == 0 ? Json() : Json(node.pid()); }},
    {"cgroup",
     [](const v1::Node& node) -> Json {
       return node.cgroup().empty() ? Json() : Json(node.cgroup());
     }},
    {"attached_pids",
     [](const v1::Node& node) -> Json { return list_to_json(node.attached_pids()); }},
};

}  // namespace

Json time_to_json(std::int64_t microseconds) {
  if (microseconds == 0) return nullptr;
  return to_rfc3339(Timestamp(std::chrono::microseconds(microseconds)));
}

Json node_to_json(const v1::Node& node) {
  Json json = Json::object();
  for (const NodeField& field : kNodeFields) json[field.name] = field.read(node);
  return json;
}

Result<Json> node_to_json(const v1::Node& node, const std::vector<std::string>& fields) {
  if (fields.empty()) return node_to_json(node);
  Json json = Json::object();
  for (const std::string& name : fields) {
    const auto* const field = std::ranges::find(kNodeFields, name, &NodeField::name);
    if (field == std::end(kNodeFields)) return no_such_field(name);
    json[name] = field->read(node);
  }
  return json;
}

v1::ListRequest::View view_of(const std::vector<std::string>& fields) {
  const auto is_basic = [](const std::string& name) {
    return std::ranges::find(kBasicFields, name) != std::end(kBasicFields);
  };
  return !fields.empty() && std::ranges::all_of(fields, is_basic) ? v1::ListRequest::VIEW_BASIC
                                                                  : v1::ListRequest::VIEW_FULL;
}

Json event_to_json(const v1::NodeEvent& event) {
  return {
      {"number", event.number()}, {"at", time_to_json(event.at())}, {"id", event.node()},
      {"seq", event.seq()},       {"state", event.state()},         {"cause", event.cause()},
  };
}

Json stats_to_json(const v1::StatsEvent& event) {
  Json readings = Json::array();
  for (const v1::StatsEvent::Reading& reading : event.readings()) {
    readings.push_back({{"id", reading.id()},
                        {"seq", reading.seq()},
                        {"name", reading.name()},
                        {"command", list_to_json(reading.command())},
                        {"usage", usage_to_json(reading.usage())},
                        {"limits", limits_to_json(reading.limits())}});
  }
  return {{"at", time_to_json(event.at())}, {"readings", std::move(readings)}};
}

Json doctor_to_json(const v1::DoctorReply& reply) {
  Json checks = Json::array();
  for (const v1::DoctorReply::Check& check : reply.checks()) {
    checks.push_back({{"name", check.name()},
                      {"verdict", verdict_to_text(check.verdict())},
                      {"detail", check.detail()}});
  }
  return {{"engine",
           {{"pid", reply.pid()},
            {"version", reply.version()},
            {"state_dir", reply.state_dir()},
            {"runtime_dir", reply.runtime_dir()}}},
          {"checks", std::move(checks)}};
}

}  // namespace warren::client
