// SPDX-License-Identifier: Apache-2.0

#include "client/personality/joblet_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/duration.h"
#include "base/quote.h"

namespace warren::client {
namespace {

// What is being read, and the engine's file that it becomes.
struct Draft {
  JobletConfig config{.engine = "",
                      .host = "0.0.0.0",
                      .port = "50051",
                      .certificate = "",
                      .key = "",
                      .authority = "",
                      .warnings = {}};
  YAML::Node engine;
};

Result<std::uint64_t> parse_number(const std::string& text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && number <= most) return number;
  return fail(Errc::kInvalidArgument, "{} is not a whole number from 0 to {}", quote(text), most);
}

Result<> take_port(Draft& draft, const std::string& text) {
  constexpr std::uint64_t kMostPorts = 65'535;
  draft.config.port = fmt::format("{}", WARREN_TRY(parse_number(text, kMostPorts)));
  return {};
}

Result<> take_mode(Draft& /*draft*/, const std::string& text) {
  if (text == "server") return {};
  return fail(Errc::kInvalidArgument, "{} is not server, the only mode there is", quote(text));
}

template <std::string JobletConfig::*kMember>
Result<> take_text(Draft& draft, const std::string& text) {
  draft.config.*kMember = text;
  return {};
}

// Of Joblet's units the engine's file says which they are.
constexpr std::uint64_t kMostCpu = 1'000'000;
constexpr std::uint64_t kMostMebibytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60U;
constexpr std::uint64_t kMostJobs = 4'294'967'295;

Result<> take_cpu(Draft& draft, const std::string& text) {
  draft.engine["faces"]["joblet"]["cpu"] = WARREN_TRY(parse_number(text, kMostCpu));
  return {};
}

Result<> take_memory(Draft& draft, const std::string& text) {
  draft.engine["faces"]["joblet"]["memory"] =
      fmt::format("{}M", WARREN_TRY(parse_number(text, kMostMebibytes)));
  return {};
}

Result<> take_io(Draft& draft, const std::string& text) {
  draft.engine["faces"]["joblet"]["io"] = WARREN_TRY(parse_number(text, kMostBytes));
  return {};
}

Result<> take_jobs(Draft& draft, const std::string& text) {
  draft.engine["max_concurrent"] = WARREN_TRY(parse_number(text, kMostJobs));
  return {};
}

Result<> take_timeout(Draft& draft, const std::string& text) {
  draft.engine["faces"]["joblet"]["max"]["timeout"] = to_text(WARREN_TRY(parse_duration(text)));
  return {};
}

constexpr std::string_view kNoNetworks =
    "network: there are no networks yet: jobs have the network 'none'";
constexpr std::string_view kMeaningless = "it has no meaning here";

// `take` reads one value. Without it the key, and whatever is below it, changes nothing, of which
// `remark` is the reason; there is no remark where nothing would be different. One that is about a
// whole section names that, and is made once.
struct Key {
  std::string_view path;
  Result<> (*take)(Draft&, const std::string&) = nullptr;
  std::string_view remark{};
};

constexpr std::array kKeys{
    Key{"version"},
    Key{"server.address", take_text<&JobletConfig::host>},
    Key{"server.port", take_port},
    Key{"server.mode", take_mode},
    Key{"server.timeout", nullptr, kMeaningless},
    Key{"server.minTlsVersion", nullptr, "it is always 1.3"},
    Key{"joblet.defaultCpuLimit", take_cpu},
    Key{"joblet.defaultMemoryLimit", take_memory},
    Key{"joblet.defaultIoLimit", take_io},
    Key{"joblet.maxConcurrentJobs", take_jobs},
    Key{"joblet.jobTimeout", take_timeout},
    Key{"joblet.cleanupTimeout", nullptr, kMeaningless},
    Key{"joblet.validateCommands", nullptr, kMeaningless},
    Key{"cgroup.baseDir", nullptr,
        "a job's cgroup is joblet/job-<id> below the engine's, which is where it was started"},
    Key{"cgroup.enableControllers"},
    Key{"cgroup.namespaceMount", nullptr, kMeaningless},
    Key{"cgroup.cleanupTimeout", nullptr, kMeaningless},
    Key{"network.stateDir", nullptr, kNoNetworks},
    Key{"network.state_dir", nullptr, kNoNetworks},
    Key{"network.networks", nullptr, kNoNetworks},
    Key{"network.enabled", nullptr, kNoNetworks},
    Key{"network.default_network", nullptr, kNoNetworks},
    Key{"network.allow_custom_networks", nullptr, kNoNetworks},
    Key{"network.max_custom_networks", nullptr, kNoNetworks},
    Key{"security.serverCert", take_text<&JobletConfig::certificate>},
    Key{"security.serverKey", take_text<&JobletConfig::key>},
    Key{"security.caCert", take_text<&JobletConfig::authority>},
    Key{"filesystem.baseDir", nullptr, kMeaningless},
    Key{"filesystem.tmpDir", nullptr, kMeaningless},
    Key{"filesystem.allowedMounts", nullptr, kMeaningless},
    Key{"filesystem.blockDevices", nullptr, kMeaningless},
    Key{"grpc", nullptr, "the gateway's bounds are its own"},
    Key{"logging", nullptr, "what is to be said goes to standard error"},
};

bool is_section(std::string_view path) {
  return std::ranges::any_of(kKeys, [&](const Key& key) {
    return key.path.starts_with(path) && key.path.substr(path.size()).starts_with('.');
  });
}

void warn(std::vector<std::string>& warnings, const Key& key) {
  if (key.remark.empty()) return;
  std::string warning(key.remark);
  if (key.remark != kNoNetworks) warning = fmt::format("{}: {}", key.path, key.remark);
  if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(warning);
}

Result<> read_key(Draft& draft, const std::string& path, const YAML::Node& value) {
  const auto* const key = std::ranges::find(kKeys, path, &Key::path);
  if (key == kKeys.end()) return fail(Errc::kInvalidArgument, "there is no such key");
  warn(draft.config.warnings, *key);
  if (key->take == nullptr || value.IsNull()) return {};
  if (!value.IsScalar()) return fail(Errc::kInvalidArgument, "it takes one value");
  return key->take(draft, value.Scalar());
}

Result<> read_map(Draft& draft, const std::string& prefix, const YAML::Node& map) {
  for (const auto& entry : map) {
    const std::string path = prefix + entry.first.Scalar();
    if (is_section(path) && entry.second.IsMap()) {
      WARREN_TRY(read_map(draft, path + ".", entry.second));
    } else if (!is_section(path) || !entry.second.IsNull()) {
      WARREN_TRY(context(read_key(draft, path, entry.second), "line {}: {}",
                         entry.first.Mark().line + 1, path));
    }
  }
  return {};
}

Result<Draft> read_draft(const std::string& text) try {
  Draft draft;
  // The first document, as in the files of clients.
  const YAML::Node root = YAML::Load(text);
  if (!root.IsMap()) return fail(Errc::kInvalidArgument, "this is not a list of keys");
  WARREN_TRY(read_map(draft, "", root));
  draft.engine["faces"]["joblet"]["cgroup_base"] = "joblet";
  draft.config.engine = YAML::Dump(draft.engine) + '\n';
  return draft;
} catch (const YAML::Exception& error) {
  return fail(Errc::kInvalidArgument, "line {}: {}", error.mark.line + 1, error.msg);
}

}  // namespace

Result<JobletConfig> parse_joblet_config(const std::string& text) {
  Draft draft = WARREN_TRY(read_draft(text));
  const JobletConfig& config = draft.config;
  const std::array needed{std::pair{"serverCert", &config.certificate},
                          std::pair{"serverKey", &config.key},
                          std::pair{"caCert", &config.authority}};
  for (const auto& [name, pem] : needed) {
    if (!pem->empty()) continue;
    return fail(Errc::kInvalidArgument,
                "it has no security.{}: 'warren certs init --layout joblet' "
                "makes one",
                name);
  }
  return std::move(draft.config);
}

}  // namespace warren::client
