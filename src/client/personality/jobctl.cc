// SPDX-License-Identifier: Apache-2.0

#include "client/personality/jobctl.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "client/complaint.h"
#include "client/output_stream.h"
#include "client/personality/go_flags.h"
#include "client/personality/shell_words.h"
#include "client/personality/user_certificate.h"
#include "client/remote/remote.h"
#include "client/utf8.h"
#include "face/jobworker.h"
#include "jobworker/v1/jobworker.pb.h"

namespace warren::client {
namespace {

namespace proto = ::jobworker::v1;

struct JobctlFlags {
  std::string address = "127.0.0.1:50051";
  std::string certs = "./certs";
  std::string command;
  std::string id;
  std::string target = "stdout";
  std::string executable;
  std::string words;
  std::string cpu;
  std::string memory;
  std::string io_class;
  bool insecure = false;
};

GoFlags describe(JobctlFlags& flags) {
  return GoFlags({
      {"addr", "HOST:PORT", "the server", &flags.address},
      {"certs", "DIR", "where ca.crt and the directory of the user are", &flags.certs},
      {"cmd", "COMMAND", "start, status, stop or stream", &flags.command},
      {"id", "ID", "the job, unless one is started", &flags.id},
      {"target", "STREAM", "stream: stdout or stderr", &flags.target},
      {"exe", "PROGRAM", "start: a path, or a name in /usr/bin or /bin", &flags.executable},
      {"args", "WORDS", "start: its arguments, quoted as in a shell", &flags.words},
      {"cpu", "AMOUNT", "start: 500m is half a core, 2 is two, max all", &flags.cpu},
      {"mem", "SIZE", "start: 100M, 1G, max", &flags.memory},
      {"io", "CLASS", "start: low, med or high", &flags.io_class},
      {"insecure", "", "do not ask who the server is", &flags.insecure},
  });
}

// As Go's programs read one without a host.
std::string address_of(const JobctlFlags& flags) {
  return flags.address.starts_with(':') ? "localhost" + flags.address : flags.address;
}

Result<wire::ClientChannel> connect(const JobctlFlags& flags) {
  const auto authority = flags.insecure ? Authority::kIfThere : Authority::kRequired;
  UserCertificate user = WARREN_TRY(read_user_certificate(flags.certs, authority));
  return open_remote({.address = address_of(flags),
                      .certificate = std::move(user.certificate),
                      .key = std::move(user.key),
                      .authority = std::move(user.authority),
                      .insecure = flags.insecure});
}

std::string path_of(std::string_view method) {
  return fmt::format("jobworker.v1.JobWorker/{}", method);
}

template <typename Response>
Result<Response> parse(const std::string& bytes) {
  Response response;
  if (response.ParseFromString(bytes)) return response;
  return fail(Errc::kInternal, "the server's answer is malformed");
}

template <typename Response>
Result<Response> call(const JobctlFlags& flags, std::string_view method,
                      const google::protobuf::MessageLite& request) {
  wire::ClientChannel channel = WARREN_TRY(connect(flags));
  return parse<Response>(WARREN_TRY(channel.exchange(path_of(method), request)));
}

std::string show(const proto::JobMetadata& metadata) {
  return fmt::format("status={} exit_code={}", proto::JobStatus_Name(metadata.status()),
                     metadata.exit_code());
}

Result<> start(const JobctlFlags& flags) {
  proto::StartJobRequest request;
  request.set_executable(flags.executable);
  const auto words = WARREN_TRY(context(split_words(flags.words), "-args"));
  for (const std::string& word : words) request.add_args(word);
  proto::ResourceLimits& limits = *request.mutable_limits();
  limits.set_cpu(flags.cpu);
  limits.set_memory_max(flags.memory);
  limits.set_io_class(flags.io_class);
  const auto response = call<proto::StartJobResponse>(flags, "StartJob", request);
  if (!response) return std::unexpected(face::jobworker::about_flag(response.error()));
  return print(STDOUT_FILENO, response->job_id() + "\n");
}

Result<> status(const JobctlFlags& flags) {
  proto::GetStatusRequest request;
  request.set_job_id(flags.id);
  const auto response = WARREN_TRY(call<proto::GetStatusResponse>(flags, "GetStatus", request));
  return print(STDOUT_FILENO,
               fmt::format("job_id={} {}\n", response.job_id(), show(response.metadata())));
}

Result<> stop(const JobctlFlags& flags) {
  proto::StopJobRequest request;
  request.set_job_id(flags.id);
  const auto response = WARREN_TRY(call<proto::StopJobResponse>(flags, "StopJob", request));
  return print(STDOUT_FILENO, show(response.metadata()) + "\n");
}

Result<proto::StreamTarget> parse_target(std::string_view text) {
  if (text == "stdout") return proto::STREAM_TARGET_STDOUT;
  if (text == "stderr") return proto::STREAM_TARGET_STDERR;
  return fail(Errc::kInvalidArgument, "-target: '{}' is neither stdout nor stderr", text);
}

// Whichever stream it is, it goes to standard output.
Result<> stream(const JobctlFlags& flags) {
  proto::StreamOutputRequest request;
  request.set_job_id(flags.id);
  request.set_target(WARREN_TRY(parse_target(flags.target)));
  wire::ClientChannel channel = WARREN_TRY(connect(flags));
  const wire::CallId call = WARREN_TRY(channel.open(path_of("StreamOutput"), request));
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(channel.next_of(call));
    if (event.end) return *event.end;
    const auto response = WARREN_TRY(parse<proto::StreamOutputResponse>(event.message));
    WARREN_TRY(print(STDOUT_FILENO, response.chunk()));
  }
}

struct Command {
  std::string_view name;
  bool needs_id;
  Result<> (*run)(const JobctlFlags&);
};

constexpr std::array kCommands{
    Command{"start", false, start},
    Command{"status", true, status},
    Command{"stop", true, stop},
    Command{"stream", true, stream},
};

int explain(const GoFlags& flags, std::string_view mistake) {
  complain_as("jobctl", mistake);
  std::ignore = print(STDERR_FILENO, flags.usage("jobctl"));  // There is nowhere else to say it.
  return 1;
}

// Of what a command cannot do without; empty where it has all.
std::string_view missing_value(const Command& command, const JobctlFlags& flags) {
  if (command.needs_id) return flags.id.empty() ? "-id: which job is missing" : "";
  return flags.executable.empty() ? "-exe: which program is missing" : "";
}

// What is sent has to be UTF-8.
Result<> check_texts(const JobctlFlags& flags) {
  const auto is_text = [](const std::string* text) { return is_utf8(*text); };
  const std::array texts{&flags.id,  &flags.executable, &flags.words,
                         &flags.cpu, &flags.memory,     &flags.io_class};
  if (std::ranges::all_of(texts, is_text)) return {};
  return fail(Errc::kInvalidArgument, "one of the values is not UTF-8");
}

}  // namespace

int run_jobctl(const std::vector<std::string>& arguments) {
  JobctlFlags values;
  GoFlags flags = describe(values);
  const auto parsed = flags.parse(arguments);
  if (!parsed) return explain(flags, parsed.error().message);
  if (flags.wants_help()) return print(STDOUT_FILENO, flags.usage("jobctl")) ? 0 : 1;
  const auto* const command = std::ranges::find(kCommands, values.command, &Command::name);
  if (command == kCommands.end()) {
    return explain(flags, "-cmd: one of start, status, stop and stream is needed");
  }
  if (const auto missing = missing_value(*command, values); !missing.empty()) {
    return explain(flags, missing);
  }
  auto done = check_texts(values);
  if (done) done = command->run(values);
  if (!done) complain_as("jobctl", done.error().message);
  return done ? 0 : 1;
}

}  // namespace warren::client
