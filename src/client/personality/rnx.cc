// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

#include "client/complaint.h"
#include "client/output_stream.h"
#include "client/personality/rnx_flags.h"
#include "client/personality/rnx_help.h"
#include "client/personality/rnx_json.h"
#include "client/personality/rnx_request.h"
#include "client/personality/rnx_target.h"
#include "client/personality/rnx_uploads.h"
#include "client/remote/remote.h"
#include "client/utf8.h"
#include "face/joblet_text.h"
#include "os/local_time.h"

namespace warren::client {
namespace {

namespace joblet = face::joblet;
namespace v2_10 = face::joblet::v2_10;
namespace v2_11 = face::joblet::v2_11;

constexpr int kUsageError = 2;

Result<wire::ClientChannel> connect(const RnxFlags& flags) {
  const NodesFile file = WARREN_TRY(find_nodes(NodesForm::kJoblet, flags.config));
  return open_remote(WARREN_TRY(choose_target(flags, file)));
}

std::string path_of(std::string_view service, std::string_view method) {
  return fmt::format("joblet.{}/{}", service, method);
}

template <typename Response>
Result<Response> parse(const std::string& bytes) {
  Response response;
  if (response.ParseFromString(bytes)) return response;
  return fail(Errc::kInternal, "the server's answer is malformed");
}

template <typename Response>
Result<Response> call(const RnxFlags& flags, std::string_view method,
                      const google::protobuf::MessageLite& request) {
  wire::ClientChannel channel = WARREN_TRY(connect(flags));
  return parse<Response>(WARREN_TRY(channel.exchange(path_of("JobletService", method), request)));
}

// Networks have moved to a service of their own between v2.10 and v2.11.
template <typename Response>
Result<Response> call_networks(const RnxFlags& flags, std::string_view method,
                               const google::protobuf::MessageLite& request) {
  wire::ClientChannel channel = WARREN_TRY(connect(flags));
  auto answer = channel.exchange(path_of("JobletService", method), request);
  if (!answer && answer.error().code == Errc::kUnimplemented) {
    answer = channel.exchange(path_of("NetworkService", method), request);
  }
  return parse<Response>(WARREN_TRY(std::move(answer)));
}

Result<> say(const std::string& text) {
  return print(STDOUT_FILENO, text);
}

Result<> say_json(const nlohmann::ordered_json& json) {
  return say(json.dump(2) + '\n');
}

// One line that is written anew; there is nowhere to say that it could not be.
void show_progress(const UploadCount& read, const UploadCount& all) {
  constexpr double kMebibyte = 1 << 20;
  std::ignore = print(
      STDERR_FILENO,
      fmt::format("\rUploading: {} of {} files, {:.1f} of {:.1f} MiB{}", read.files, all.files,
                  static_cast<double>(read.bytes) / kMebibyte,
                  static_cast<double>(all.bytes) / kMebibyte, read.files == all.files ? "\n" : ""));
}

// Calls `take` with each part of a job's log. Both streams of a job are one.
Result<> read_log(const RnxFlags& flags, const std::string& id,
                  const std::function<Result<>(const std::string&)>& take) {
  v2_10::GetJobLogsReq request;
  request.set_id(id);
  wire::ClientChannel channel = WARREN_TRY(connect(flags));
  const wire::CallId call =
      WARREN_TRY(channel.open(path_of("JobletService", "GetJobLogs"), request));
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(channel.next_of(call));
    if (event.end) return *event.end;
    const auto chunk = WARREN_TRY(parse<v2_10::DataChunk>(event.message));
    WARREN_TRY(take(chunk.payload()));
  }
}

// The log of a job that never ran says why, and nothing else.
Result<> explain_failure(const RnxFlags& flags, const std::string& id) {
  std::string log;
  WARREN_TRY(read_log(flags, id, [&](const std::string& part) -> Result<> {
    log += part;
    return {};
  }));
  if (log.ends_with('\n')) log.pop_back();
  return fail(Errc::kFailedPrecondition, "{}", log.empty() ? "the job has failed" : log);
}

Result<> run(const RnxLine& line) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  v2_11::RunJobReq request = WARREN_TRY(
      make_run_request(line.flags, line.words, {.now = now, .resolve = os::to_timestamp}));
  const bool is_watched = ::isatty(STDERR_FILENO) == 1;
  const auto progress = [is_watched](const UploadCount& read, const UploadCount& all) {
    if (is_watched) show_progress(read, all);
  };
  const UploadCount uploaded = WARREN_TRY(add_uploads(line.flags.uploads, progress, request));
  const auto job = WARREN_TRY(call<v2_10::RunJobRes>(line.flags, "RunJob", request));
  WARREN_TRY(say(joblet::started_text(
      job,
      {.schedule = line.flags.schedule, .network = line.flags.network, .files = uploaded.files})));
  const bool never_ran = job.status() == "FAILED" && job.start_time().empty();
  return never_ran ? explain_failure(line.flags, job.id()) : Result<>();
}

Result<> list(const RnxLine& line) {
  const auto jobs = WARREN_TRY(call<v2_10::Jobs>(line.flags, "ListJobs", v2_10::EmptyRequest()));
  return line.flags.json ? say_json(jobs_to_json(jobs)) : say(joblet::list_text(jobs));
}

Result<> status(const RnxLine& line) {
  v2_10::GetJobStatusReq request;
  request.set_id(line.words.front());
  const auto job = WARREN_TRY(call<v2_10::GetJobStatusRes>(line.flags, "GetJobStatus", request));
  return line.flags.json ? say_json(status_to_json(job)) : say(joblet::status_text(job));
}

Result<> stop(const RnxLine& line) {
  v2_10::StopJobReq request;
  request.set_id(line.words.front());
  const auto job = WARREN_TRY(call<v2_10::StopJobRes>(line.flags, "StopJob", request));
  return say(joblet::stopped_text(job));
}

// Whoever interrupts this program ends no job.
Result<> log(const RnxLine& line) {
  return read_log(line.flags, line.words.front(), say);
}

Result<> create_network(const RnxLine& line) {
  v2_10::CreateNetworkReq request;
  request.set_name(line.words.front());
  request.set_cidr(line.flags.cidr);
  const auto network =
      WARREN_TRY(call_networks<v2_10::CreateNetworkRes>(line.flags, "CreateNetwork", request));
  return say(joblet::network_created_text(network));
}

Result<> list_networks(const RnxLine& line) {
  const auto networks =
      WARREN_TRY(call_networks<v2_10::Networks>(line.flags, "ListNetworks", v2_10::EmptyRequest()));
  return say(joblet::networks_text(networks));
}

Result<> remove_network(const RnxLine& line) {
  v2_10::RemoveNetworkReq request;
  request.set_name(line.words.front());
  const auto answer =
      WARREN_TRY(call_networks<v2_10::RemoveNetworkRes>(line.flags, "RemoveNetwork", request));
  if (!answer.success()) {
    return fail(Errc::kFailedPrecondition, "{}",
                answer.message().empty() ? "the network stays" : answer.message());
  }
  return say(joblet::network_removed_text(line.words.front(), answer));
}

Result<> nodes(const RnxLine& line) {
  const NodesFile file = WARREN_TRY(find_nodes(NodesForm::kJoblet, line.flags.config));
  std::string text = "Available nodes in configuration:\n";
  for (const Node& node : file.nodes) {
    text += fmt::format("  - {} ({})\n", node.name, node.target.address);
  }
  return say(text);
}

Result<> config_help(const RnxLine& /*line*/) {
  return say(rnx_config_help());
}

Result<> help(const RnxLine& /*line*/) {
  return say(rnx_usage());
}

struct Command {
  std::string_view name;
  Result<> (*run)(const RnxLine&);
};

constexpr std::array kCommands{
    Command{"run", run},
    Command{"list", list},
    Command{"status", status},
    Command{"stop", stop},
    Command{"log", log},
    Command{"network create", create_network},
    Command{"network list", list_networks},
    Command{"network remove", remove_network},
    Command{"nodes", nodes},
    Command{"config-help", config_help},
    Command{"help", help},
};
static_assert(std::ranges::equal(kCommands, kRnxCommands, {}, &Command::name, &RnxCommand::name));

// What is sent has to be UTF-8.
Result<> check_texts(const RnxLine& line) {
  const RnxFlags& flags = line.flags;
  const bool has_texts = std::ranges::all_of(
      std::array{flags.name, flags.cpu_cores, flags.network, flags.cidr}, is_utf8);
  if (has_texts && std::ranges::all_of(line.words, is_utf8)) return {};
  return fail(Errc::kInvalidArgument, "one of the words is not UTF-8");
}

Result<> carry_out(const RnxLine& line) {
  if (line.wants_help) return help(line);
  if (line.wants_version) return say("rnx of warren " WARREN_VERSION "\n");
  WARREN_TRY(check_texts(line));
  return std::ranges::find(kCommands, line.command, &Command::name)->run(line);
}

}  // namespace

int run_rnx(const std::vector<std::string>& arguments) {
  const auto line = parse_rnx(arguments);
  if (!line) {
    complain_as("rnx", line.error().message + ": see 'rnx help'");
    return kUsageError;
  }
  const auto done = carry_out(*line);
  if (!done) complain_as("rnx", done.error().message);
  return done ? 0 : 1;
}

}  // namespace warren::client
