// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/cli/run_flags.h"
#include "client/input_forwarder.h"
#include "client/output_stream.h"
#include "client/run_session.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::client::cli {
namespace {

constexpr int kNotStarted = 125;

CLI::Validator is_not_empty() {
  return {
      [](std::string& text) { return text.empty() ? std::string("it is empty") : std::string(); },
      ""};
}

// So that a request whose answer got lost can be repeated without starting a second job.
Result<std::string> make_idempotency_key() {
  std::array<std::uint8_t, 16> bytes;
  WARREN_TRY(os::context(os::call([&] { return ::getrandom(bytes.data(), bytes.size(), 0); }),
                         "drawing an idempotency key"));
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

Result<int> print_plan(const Session& session, const v1::RunRequest& request) {
  EngineClient engine = WARREN_TRY(session.connect());
  const auto plan = WARREN_TRY(engine.call<v1::PlanReply>(wire::kPlan, request));
  WARREN_TRY(print(STDOUT_FILENO, plan.text()));
  return 0;
}

// What the words of --schedule came to.
void note_schedule(const Session& session, const v1::RunEvent& job) {
  if (job.scheduled_at() == 0) return;
  const Timestamp at{std::chrono::microseconds(job.scheduled_at())};
  session.note(fmt::format("job {} is scheduled for {}", job.seq(), to_rfc3339(at)));
}

Result<int> run_in_foreground(const Session& session, RunSettings settings) {
  RunSession run(std::move(settings));
  const v1::Node node = WARREN_TRY(run.run());
  if (run.has_lost_input()) {
    return fail(Errc::kUnavailable,
                "the connection was lost before the end of the input: job {} has got a part of it "
                "and is {}",
                node.seq(), node.state());
  }
  const int status = node.has_exit_code() ? node.exit_code() : kNotStarted;
  // --quiet or not, 125 comes with its reason.
  if (!node.message().empty() && status == kNotStarted) {
    complain(node.message());
  } else if (!node.message().empty()) {
    session.note(node.message());
  }
  if (const std::uint64_t lost = std::max(run.lost_bytes(), node.lost_bytes()); lost > 0) {
    session.note(fmt::format("{} bytes of output were not kept", lost));
  }
  return status;
}

// A host that cannot hold all of a limit on I/O says so in words for every client; this one has a
// flag for it.
Error with_advice(Error error) {
  const bool is_about_io = error.message.contains("cannot enforce limit.io");
  if (error.code != Errc::kFailedPrecondition || !is_about_io) return error;
  error.message +=
      ", or accept a limit on reads and direct writes alone with --max-iobps-direct-only";
  return error;
}

Result<int> run(const Session& session, const RunFlags& flags) {
  v1::RunRequest request = WARREN_TRY(make_run_request(flags, session.command));
  if (flags.plan) return print_plan(session, request);
  RunSettings settings;
  settings.engine = WARREN_TRY(session.engine_place());
  settings.uploads = WARREN_TRY(list_uploads(flags.uploads));
  if (request.idempotency_key().empty()) {
    request.set_idempotency_key(WARREN_TRY(make_idempotency_key()));
  }
  request.mutable_spec()->set_input(!flags.detach && has_input(STDIN_FILENO));
  settings.request = std::move(request);
  settings.introduced = [&session](const v1::RunEvent& job) { note_schedule(session, job); };
  if (!flags.detach) return run_in_foreground(session, std::move(settings));
  const std::string id = WARREN_TRY(run_detached(std::move(settings)));
  WARREN_TRY(print(STDOUT_FILENO, id + '\n'));
  return 0;
}

void add_identity_flags(CLI::App& app, RunFlags& flags) {
  const auto text = [&app](const char* name, std::string& value, const char* help) {
    app.add_option(name, value, help)->check(is_not_empty());
  };
  text("--name", flags.name, "A name, unique among live jobs");
  text("--image", flags.image, "The root file system: host");
  text("--profile", flags.profile, "isolated or host");
  text("--network", flags.network, "none or host");
  text("--workdir", flags.workdir, "Where the command starts");
  text("--user", flags.user, "USER or USER:GROUP, by name or number");
  text("--priority", flags.priority, "-100 to 100; higher first");
  text("--schedule", flags.schedule, "When to start: 45s, 2h30m, 2027-07-18T20:02:48Z");
  text("--idempotency-key", flags.idempotency_key, "Repeating it starts no second job");
  text("--on-client-exit", flags.on_client_exit, "keep or stop the job");
  text("--on-engine-exit", flags.on_engine_exit, "keep or kill the job");
  app.add_option("--env", flags.env, "NAME=VALUE, added to the environment")
      ->allow_extra_args(false);
  app.add_option("--label", flags.labels, "NAME=VALUE, kept with the job")->allow_extra_args(false);
  app.add_option("--upload", flags.uploads.files, "A file for the working directory")
      ->allow_extra_args(false);
  app.add_option("--upload-dir", flags.uploads.directories,
                 "A directory whose contents go to the working directory")
      ->allow_extra_args(false);
}

void add_limit_flags(CLI::App& app, RunFlags& flags) {
  const auto text = [&app](const char* name, std::string& value, const char* help) {
    app.add_option(name, value, help)->check(is_not_empty());
  };
  text("--max-cpu", flags.max_cpu, "Percent of one core");
  text("--max-memory", flags.max_memory, "MiB, or a size such as 1G");
  text("--max-iobps", flags.max_iobps, "Bytes a second, reads and writes each");
  text("--io-class", flags.io_class, "low, med or high");
  text("--cpu-cores", flags.cpu_cores, "Cores such as 0-1,3");
  text("--max-pids", flags.max_pids, "Processes and threads");
  text("--max-disk", flags.max_disk, "Size of the writable layer");
  text("--max-log", flags.max_log, "Size of the kept output");
  text("--timeout", flags.timeout, "A duration such as 10s or 2h30m");
  app.add_flag("--max-iobps-direct-only", flags.io_direct_only,
               "Accept an I/O limit that spares buffered writes");
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  CLI::App& run_app = *app.add_subcommand("run", "Run a command in a box of its own");
  run_app.footer("The command comes last: warren run [FLAGS] [--] COMMAND [ARGUMENT...]");
  const auto flags = std::make_shared<RunFlags>();
  add_identity_flags(run_app, *flags);
  add_limit_flags(run_app, *flags);
  run_app.add_flag("-d,--detach", flags->detach, "Print the id and do not wait");
  run_app.add_flag("--rm", flags->forget, "Forget the job once it has ended");
  run_app.add_flag("--plan", flags->plan, "Print what would be done and do nothing");
  add_unavailable_run_flags(run_app, session);
  run_app.callback([&session, flags] {
    const Result<int> status = run(session, *flags);
    if (status) return session.finish_with(*status);
    session.finish(std::unexpected(with_advice(status.error())), kNotStarted);
  });
}

}  // namespace warren::client::cli
