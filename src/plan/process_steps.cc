// SPDX-License-Identifier: Apache-2.0

#include "plan/process_steps.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <climits>
#include <map>
#include <string>
#include <string_view>

#include "plan/format.h"

namespace warren::plan {
namespace {

constexpr std::uint64_t kOpenFilesSoft = 1024;
constexpr std::uint64_t kOpenFilesHard = 65536;
constexpr std::string_view kHostPath = "/usr/bin:/bin";
constexpr std::string_view kNoHome = "/nonexistent";  // Of an account that has none, as nobody.

std::map<std::string, std::string> environment(const model::JobSpec& spec, const Account& account,
                                               const Image& image) {
  std::map<std::string, std::string> env = spec.process.env;
  const bool is_host = spec.sandbox.profile == model::Profile::kHost;
  env.try_emplace("PATH", is_host ? std::string(kHostPath) : image.path);
  if (account.home != kNoHome) env.try_emplace("HOME", account.home);
  return env;
}

// Where a command without a slash can be, in the order in which a shell would look. A name that no
// file can have is tried as it is: execve(2) says why it fails.
std::vector<std::string> candidates(const std::string& command, std::string_view path) {
  if (command.find('/') != std::string::npos || command.size() > NAME_MAX) return {command};
  std::vector<std::string> found;
  while (found.size() <= kMostTexts) {  // One more than a step can have: encode() refuses it.
    const std::size_t end = path.find(':');
    const std::string_view directory = path.substr(0, end);
    if (!directory.empty()) found.push_back(fmt::format("{}/{}", directory, command));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return found;
}

Step execute(const model::JobSpec& spec, const std::map<std::string, std::string>& env) {
  Step step{.op = Op::kExecute, .a = spec.process.argv.size(), .b = env.size()};
  step.texts = candidates(spec.process.argv.front(), env.at("PATH"));
  step.texts.insert(step.texts.end(), spec.process.argv.begin(), spec.process.argv.end());
  for (const auto& [name, value] : env) step.texts.push_back(fmt::format("{}={}", name, value));
  return step;
}

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

void add_output(std::vector<Step>& steps, const model::JobSpec& spec, const Account& account) {
  const bool merged = spec.process.streams == model::Streams::kMerged;
  steps.push_back({.op = Op::kOpenPipes,
                   .slot = Slot::kStdoutPipe,
                   .other = merged ? Slot::kNone : Slot::kStderrPipe,
                   .a = account.uid,
                   .b = account.gid});
}

void add_input(std::vector<Step>& steps, const model::JobSpec& spec, const Account& account) {
  if (spec.process.input != model::Input::kPipe) return;
  steps.push_back({.op = Op::kOpenInput, .slot = Slot::kInput, .a = account.uid, .b = account.gid});
}

void add_cgroup(std::vector<Step>& steps, const Resources& resources) {
  steps.push_back(
      {.op = Op::kSpawn, .slot = resources.has_work_group ? Slot::kWorkGroup : Slot::kNone});
  for (std::uint32_t index = 0; index < resources.work_tasks; ++index) {
    steps.push_back({.op = Op::kJoinCgroup, .slot = slot_after(Slot::kWorkTasks, index)});
  }
}

void add_streams(std::vector<Step>& steps, const model::JobSpec& spec) {
  const bool merged = spec.process.streams == model::Streams::kMerged;
  const bool piped = spec.process.input == model::Input::kPipe;
  steps.push_back({.op = Op::kInstall, .slot = piped ? Slot::kInput : Slot::kNull, .a = 0});
  steps.push_back({.op = Op::kInstall, .slot = Slot::kStdoutPipe, .a = 1});
  steps.push_back(
      {.op = Op::kInstall, .slot = merged ? Slot::kStdoutPipe : Slot::kStderrPipe, .a = 2});
}

void add_privileges(std::vector<Step>& steps, const Account& account, bool is_host) {
  steps.push_back({.op = Op::kSetGroups, .data = bytes_of(account.groups)});
  steps.push_back({.op = Op::kBecomeUser, .a = account.uid, .b = account.gid});
  const bool is_root = !is_host && account.uid == 0;
  steps.push_back({.op = Op::kSetCapabilities, .a = is_root ? kRootCapabilities : 0});
}

void add_confinement(std::vector<Step>& steps, bool is_host, const Resources& resources) {
  steps.push_back({.op = Op::kNoNewPrivileges});
  steps.push_back({.op = Op::kCloseFrom, .a = 3});
  // Last before the command: the filter forbids much of what the steps before it do.
  if (!is_host && !resources.seccomp.empty()) {
    steps.push_back({.op = Op::kSeccomp, .data = resources.seccomp});
  }
}

}  // namespace

std::vector<Step> start_command(const model::JobSpec& spec, const Account& account,
                                const Image& image, const Resources& resources) {
  const bool is_host = spec.sandbox.profile == model::Profile::kHost;
  std::vector<Step> steps;
  add_output(steps, spec, account);
  add_input(steps, spec, account);
  add_cgroup(steps, resources);
  // In the command, so that its cgroup is the root of what it can see.
  if (!is_host) steps.push_back({.op = Op::kUnshare, .a = CLONE_NEWCGROUP});
  steps.push_back({.op = Op::kNewSession});
  add_streams(steps, spec);
  steps.push_back(
      {.op = Op::kSetRlimit, .slot = Slot::kNone, .a = RLIMIT_CORE, .texts = {"0", "0"}});
  steps.push_back(
      {.op = Op::kSetRlimit,
       .a = RLIMIT_NOFILE,
       .texts = {fmt::format("{}", kOpenFilesSoft), fmt::format("{}", kOpenFilesHard)}});
  if (!resources.affinity.empty()) {
    steps.push_back({.op = Op::kSetAffinity, .data = bytes_of(resources.affinity)});
  }
  steps.push_back({.op = Op::kSetUmask, .a = 022});
  add_privileges(steps, account, is_host);
  // With the command's own rights: it begins nowhere that it could not enter by itself.
  steps.push_back({.op = Op::kChangeDirectory,
                   .texts = {spec.process.workdir.value_or(is_host ? "/" : "/work")}});
  add_confinement(steps, is_host, resources);
  steps.push_back(execute(spec, environment(spec, account, image)));
  return steps;
}

}  // namespace warren::plan
