// SPDX-License-Identifier: Apache-2.0

#include "store/spec_codec.h"

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

namespace warren::store {
namespace {

using Json = nlohmann::json;

// Inside this file a value that cannot be read is an exception of the library; it ends here.
template <typename T>
T unwrap(Result<T> result) {
  if (!result) throw std::invalid_argument(result.error().message);
  return *std::move(result);
}

template <typename T>
void put(Json& json, const char* key, const T& value) {
  if (value != T()) json[key] = value;
}

void put(Json& json, const char* key, const std::optional<Bytes>& size) {
  if (size) json[key] = size->value;
}

template <typename T>
void put_optional(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

template <typename T>
void get(const Json& json, const char* key, T& value) {
  if (const auto found = json.find(key); found != json.end()) found->get_to(value);
}

template <typename T>
void get_optional(const Json& json, const char* key, std::optional<T>& value) {
  if (const auto found = json.find(key); found != json.end()) value = found->template get<T>();
}

void get(const Json& json, const char* key, std::optional<Bytes>& size) {
  std::optional<std::uint64_t> count;
  get_optional(json, key, count);
  if (count) size = Bytes{*count};
}

// An enumeration of two, kept by the name of the one that is not the default.
template <typename E>
void put_choice(Json& json, const char* key, E value, E other) {
  if (value == other) json[key] = true;
}

template <typename E>
void get_choice(const Json& json, const char* key, E& value, E other) {
  if (json.value(key, false)) value = other;
}

Json to_json(const model::Limits& limits) {
  Json json = Json::object();
  put_optional(json, "cpu_percent", limits.cpu_percent);
  put(json, "cores", limits.cores.cores);
  put(json, "memory", limits.memory);
  put(json, "swap", limits.swap);
  put_optional(json, "pids", limits.pids);
  put(json, "io_per_second", limits.io_per_second);
  if (limits.io_class) json["io_class"] = model::to_text(*limits.io_class);
  put(json, "io_direct_only", limits.io_direct_only);
  put(json, "disk", limits.disk);
  put(json, "log", limits.log);
  if (limits.timeout) json["timeout_ms"] = limits.timeout->count();
  return json;
}

void from_json(const Json& json, model::Limits& limits) {
  get_optional(json, "cpu_percent", limits.cpu_percent);
  get(json, "cores", limits.cores.cores);
  get(json, "memory", limits.memory);
  get(json, "swap", limits.swap);
  get_optional(json, "pids", limits.pids);
  get(json, "io_per_second", limits.io_per_second);
  std::optional<std::string> io_class;
  get_optional(json, "io_class", io_class);
  if (io_class) limits.io_class = unwrap(model::parse_io_class(*io_class));
  get(json, "io_direct_only", limits.io_direct_only);
  get(json, "disk", limits.disk);
  get(json, "log", limits.log);
  std::optional<std::int64_t> timeout;
  get_optional(json, "timeout_ms", timeout);
  if (timeout) limits.timeout = Duration(*timeout);
}

Json to_json(const model::SandboxSpec& sandbox) {
  Json json = {{"image", sandbox.image}};
  put_choice(json, "host_profile", sandbox.profile, model::Profile::kHost);
  put_choice(json, "host_network", sandbox.network, model::Network::kHost);
  if (sandbox.limits != model::Limits()) json["limits"] = to_json(sandbox.limits);
  return json;
}

void from_json(const Json& json, model::SandboxSpec& sandbox) {
  get(json, "image", sandbox.image);
  get_choice(json, "host_profile", sandbox.profile, model::Profile::kHost);
  get_choice(json, "host_network", sandbox.network, model::Network::kHost);
  if (json.contains("limits")) from_json(json["limits"], sandbox.limits);
}

Json to_json(const model::ProcessSpec& process) {
  Json json = Json::object();
  put(json, "argv", process.argv);
  put(json, "env", process.env);
  put_optional(json, "workdir", process.workdir);
  if (process.user) json["user"] = {process.user->user, process.user->group};
  put_choice(json, "input_pipe", process.input, model::Input::kPipe);
  put_choice(json, "merged_streams", process.streams, model::Streams::kMerged);
  return json;
}

void from_json(const Json& json, model::ProcessSpec& process) {
  get(json, "argv", process.argv);
  get(json, "env", process.env);
  get_optional(json, "workdir", process.workdir);
  if (json.contains("user")) {
    process.user = model::UserSpec{json["user"].at(0).get<std::string>(),
                                   json["user"].at(1).get<std::string>()};
  }
  get_choice(json, "input_pipe", process.input, model::Input::kPipe);
  get_choice(json, "merged_streams", process.streams, model::Streams::kMerged);
}

Json to_json(const model::JobSpec& spec) {
  Json json = {{"sandbox", to_json(spec.sandbox)}, {"process", to_json(spec.process)}};
  put(json, "name", spec.name);
  put(json, "labels", spec.labels);
  if (spec.parent) json["parent"] = spec.parent->to_text();
  put(json, "priority", spec.priority);
  put_choice(json, "stop_on_client_exit", spec.on_client_exit, model::OnClientExit::kStop);
  put_choice(json, "end_with_engine", spec.on_engine_exit, model::OnEngineExit::kKill);
  put(json, "forget_when_ended", spec.forget_when_ended);
  put(json, "wait_for_uploads", spec.wait_for_uploads);
  return json;
}

model::JobSpec spec_from_json(const Json& json) {
  model::JobSpec spec;
  from_json(json.at("sandbox"), spec.sandbox);
  from_json(json.at("process"), spec.process);
  get(json, "name", spec.name);
  get(json, "labels", spec.labels);
  if (json.contains("parent")) {
    spec.parent = unwrap(NodeId::parse(json["parent"].get<std::string>()));
  }
  get(json, "priority", spec.priority);
  get_choice(json, "stop_on_client_exit", spec.on_client_exit, model::OnClientExit::kStop);
  get_choice(json, "end_with_engine", spec.on_engine_exit, model::OnEngineExit::kKill);
  get(json, "forget_when_ended", spec.forget_when_ended);
  get(json, "wait_for_uploads", spec.wait_for_uploads);
  return spec;
}

}  // namespace

Result<std::string> encode(const model::JobSpec& spec) try {
  return to_json(spec).dump();
} catch (const std::exception& error) {
  return fail(Errc::kInvalidArgument, "writing the specification: {}", error.what());
}

Result<model::JobSpec> decode_spec(std::string_view text) try {
  return spec_from_json(Json::parse(text));
} catch (const std::exception& error) {
  return fail(Errc::kInternal, "reading a stored specification: {}", error.what());
}

}  // namespace warren::store
