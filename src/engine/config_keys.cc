// SPDX-License-Identifier: Apache-2.0

#include "engine/config_keys.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace warren::engine {
namespace {

template <typename Number>
Result<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return fail(Errc::kInvalidArgument, "'{}' is not a whole number in range", text);
}

Result<bool> parse_flag(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Errc::kInvalidArgument, "'{}' is neither true nor false", text);
}

Result<store::Durability> parse_durability(const std::string& text) {
  if (text == "process") return store::Durability::kProcess;
  if (text == "power") return store::Durability::kPower;
  return fail(Errc::kInvalidArgument, "'{}' is neither process nor power", text);
}

template <typename Number>
Result<Number> parse_at_most(const std::string& text, Number most) {
  const auto number = WARREN_TRY(parse_number<Number>(text));
  if (number <= most) return number;
  return fail(Errc::kInvalidArgument, "'{}' is more than {}", text, most);
}

// What is subtracted from the time, and multiplied, stays far from where numbers end: a sum that
// wrapped around would forget everything.
Result<Duration> parse_days(const std::string& text) {
  constexpr std::uint32_t kCentury = 36'525;
  const auto days = WARREN_TRY(parse_at_most(text, kCentury));
  return std::chrono::days(days);
}

Result<std::uint64_t> parse_kept(const std::string& text) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  return parse_at_most(text, kBillion);
}

// A default that no job could be given is a mistake of whoever wrote it. 0 is no limit at all.
Result<std::uint64_t> parse_default_pids(const std::string& text) {
  model::Limits limits;
  const auto pids = WARREN_TRY(parse_number<std::uint64_t>(text));
  if (pids != 0) limits.pids = pids;
  WARREN_TRY(model::validate(limits));
  return pids;
}

Result<Bytes> parse_default_log(const std::string& text) {
  model::Limits limits;
  const Bytes size = WARREN_TRY(parse_size(text));
  if (size.value != 0) limits.log = size;
  WARREN_TRY(model::validate(limits));
  return size;
}

Result<std::string> parse_pool_kind(const std::string& text) {
  if (text == "auto" || text == "btrfs" || text == "directory") return text;
  return fail(Errc::kInvalidArgument, "'{}' is none of auto, btrfs, directory", text);
}

Result<std::string> parse_text(const std::string& text) {
  return text;
}

Result<Bytes> parse_bytes(const std::string& text) {
  return parse_size(text);
}

Result<Duration> parse_time(const std::string& text) {
  return parse_duration(text);
}

Result<std::vector<model::Profile>> parse_profiles(const Values& names) {
  std::vector<model::Profile> profiles;
  for (const std::string& name : names) {
    if (name != "isolated" && name != "host") {
      return fail(Errc::kInvalidArgument, "'{}' is neither isolated nor host", name);
    }
    profiles.push_back(name == "host" ? model::Profile::kHost : model::Profile::kIsolated);
  }
  return profiles;
}

Result<std::vector<model::Network>> parse_networks(const Values& names) {
  std::vector<model::Network> networks;
  for (const std::string& name : names) {
    if (name != "none" && name != "host") {
      return fail(Errc::kInvalidArgument, "'{}' is neither none nor host", name);
    }
    networks.push_back(name == "host" ? model::Network::kHost : model::Network::kNone);
  }
  return networks;
}

template <auto kMember, auto kParse>
Result<> set(Config& config, const Values& values) {
  config.*kMember = WARREN_TRY(kParse(values.front()));
  return {};
}

template <auto kPlaces, auto kPlace, auto kParse>
Result<> set_place(Config& config, const Values& values) {
  (config.*kPlaces).*kPlace = WARREN_TRY(kParse(values.front()));
  return {};
}

// Of the gateway, which reads them from the same file.
Result<> leave_to_the_gateway(Config& /*config*/, const Values& /*values*/) {
  return {};
}

struct EngineKey {
  std::string_view path;
  Result<> (*read)(Config&, const Values&);
};

constexpr std::array kEngineKeys{
    EngineKey{"max_concurrent", set<&Config::max_concurrent, parse_number<std::uint32_t>>},
    EngineKey{"max_memory", set<&Config::max_memory, parse_bytes>},
    EngineKey{"max_queued", set<&Config::max_queued, parse_number<std::uint64_t>>},
    EngineKey{"max_scheduled", set<&Config::max_scheduled, parse_number<std::uint64_t>>},
    EngineKey{"schedule.spool", set<&Config::schedule_spool, parse_bytes>},
    EngineKey{"local_users", set<&Config::local_users, parse_flag>},
    EngineKey{"durability", set<&Config::durability, parse_durability>},
    EngineKey{"retention.days", set<&Config::retention_age, parse_days>},
    EngineKey{"retention.count", set<&Config::retention_count, parse_kept>},
    EngineKey{"defaults.pids", set<&Config::default_pids, parse_default_pids>},
    EngineKey{"defaults.log", set<&Config::default_log, parse_default_log>},
    EngineKey{"groups.admin", set<&Config::admin_group, parse_text>},
    EngineKey{"groups.viewers", set<&Config::viewer_group, parse_text>},
    EngineKey{"gateway.user", set<&Config::gateway_user, parse_text>},
    EngineKey{"gateway.listen", leave_to_the_gateway},
    EngineKey{"gateway.certs", leave_to_the_gateway},
    EngineKey{"gateway.max_memory", leave_to_the_gateway},
    EngineKey{"faces.joblet.cgroup_base",
              set_place<&Config::joblet_places, &FacePlaces::cgroup_base, parse_cgroup_base>},
    EngineKey{"faces.jobworker.cgroup_base",
              set_place<&Config::jobworker_places, &FacePlaces::cgroup_base, parse_cgroup_base>},
    EngineKey{"faces.jobworker.output_dir",
              set_place<&Config::jobworker_places, &FacePlaces::output_dir, parse_output_dir>},
    EngineKey{"cgroup_root", set<&Config::cgroup_root, parse_text>},
    EngineKey{"pool.kind", set<&Config::pool_kind, parse_pool_kind>},
};

struct FaceKey {
  std::string_view path;
  Result<> (*read)(FaceCaps&, const Values&);
  bool takes_many = false;
};

// One value, or many where the parser takes them.
template <auto kMember, auto kParse>
Result<> set_cap(FaceCaps& caps, const Values& values) {
  if constexpr (std::is_invocable_v<decltype(kParse), const Values&>) {
    caps.*kMember = WARREN_TRY(kParse(values));
  } else {
    caps.*kMember = WARREN_TRY(kParse(values.front()));
  }
  return {};
}

// 0 is no limit at all; one that no job could be given is a mistake of whoever wrote it.
template <auto kLimits, auto kLimit, auto kParse>
Result<> set_limit(FaceCaps& caps, const Values& values) {
  const auto value = WARREN_TRY(kParse(values.front()));
  model::Limits alone;
  if (value != decltype(value){}) alone.*kLimit = value;
  WARREN_TRY(model::validate(alone));
  (caps.*kLimits).*kLimit = alone.*kLimit;
  return {};
}

template <auto kLimit, auto kParse>
constexpr auto kSetMost = set_limit<&FaceCaps::most, kLimit, kParse>;
template <auto kLimit, auto kParse>
constexpr auto kSetUsual = set_limit<&FaceCaps::usual, kLimit, kParse>;

constexpr std::array kFaceKeys{
    FaceKey{"enabled", set_cap<&FaceCaps::enabled, parse_flag>},
    FaceKey{"profiles", set_cap<&FaceCaps::profiles, parse_profiles>, true},
    FaceKey{"networks", set_cap<&FaceCaps::networks, parse_networks>, true},
    FaceKey{"max.cpu", kSetMost<&model::Limits::cpu_percent, parse_number<std::uint32_t>>},
    FaceKey{"max.memory", kSetMost<&model::Limits::memory, parse_bytes>},
    FaceKey{"max.pids", kSetMost<&model::Limits::pids, parse_number<std::uint64_t>>},
    FaceKey{"max.disk", kSetMost<&model::Limits::disk, parse_bytes>},
    FaceKey{"max.log", kSetMost<&model::Limits::log, parse_bytes>},
    FaceKey{"max.timeout", kSetMost<&model::Limits::timeout, parse_time>},
};

constexpr std::array kJobletKeys{
    FaceKey{"cpu", kSetUsual<&model::Limits::cpu_percent, parse_number<std::uint32_t>>},
    FaceKey{"memory", kSetUsual<&model::Limits::memory, parse_bytes>},
    FaceKey{"io", kSetUsual<&model::Limits::io_per_second, parse_bytes>},
};

template <typename FaceKeys>
void add_keys(std::string_view face, FaceCaps Config::*caps, const FaceKeys& face_keys,
              std::vector<Key>& keys) {
  for (const FaceKey& key : face_keys) {
    keys.push_back({.path = fmt::format("faces.{}.{}", face, key.path),
                    .takes_many = key.takes_many,
                    .read = [caps, read = key.read](Config& config, const Values& values) {
                      return read(config.*caps, values);
                    }});
  }
}

std::vector<Key> all_keys() {
  std::vector<Key> keys;
  keys.reserve(std::size(kEngineKeys));
  for (const EngineKey& key : kEngineKeys) {
    keys.push_back({.path = std::string(key.path), .takes_many = false, .read = key.read});
  }
  add_keys("warren", &Config::warren_face, kFaceKeys, keys);
  add_keys("joblet", &Config::joblet_face, kFaceKeys, keys);
  add_keys("joblet", &Config::joblet_face, kJobletKeys, keys);
  add_keys("jobworker", &Config::jobworker_face, kFaceKeys, keys);
  return keys;
}

}  // namespace

const std::vector<Key>& config_keys() {
  static const std::vector<Key> kKeys = all_keys();
  return kKeys;
}

}  // namespace warren::engine
