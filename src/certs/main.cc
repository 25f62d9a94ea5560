// SPDX-License-Identifier: Apache-2.0
//
// warren-certs: the program behind `warren certs`, and behind the rows about certificates of
// `warren doctor`. docs/adr/0017-certificates-by-a-program-of-their-own.md says why it is one.

#include <openssl/crypto.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <cstdio>
#include <exception>
#include <string_view>

#include "base/quote.h"
#include "certs/commands.h"
#include "os/process.h"

namespace warren::certs {
namespace {

constexpr int kUsageError = 2;
constexpr int kLongestValidity = 36500;

struct CommandLine {
  Flags flags;
  std::vector<std::string> names;
  std::string name;
  std::string role;
  std::vector<std::string> directories;
  std::string source = usual_directory(Layout::kWarren);
  std::string gateway_directory;
  std::string user;
};

Layout layout_of(std::string_view name) {
  if (name == "joblet") return Layout::kJoblet;
  return name == "jobworker" ? Layout::kJobworker : Layout::kWarren;
}

void add_flags(CLI::App& command, Flags& flags) {
  command
      .add_option_function<std::string>(
          "--layout", [&flags](const std::string& name) { flags.layout = layout_of(name); },
          "warren, joblet or jobworker: where the files go")
      ->check(CLI::IsMember({"warren", "joblet", "jobworker"}).description(""));
  command.add_option("--dir", flags.directory, "The directory, instead of the layout's own");
  command.add_option("--days", flags.days, "How long the certificate counts")
      ->check(CLI::Range(1, kLongestValidity).description(""))
      ->capture_default_str();
  command.add_option("--address", flags.address, "HOST:PORT of the server, for new configurations")
      ->capture_default_str();
}

void add_commands(CLI::App& app, CommandLine& line) {
  CLI::App& init = *app.add_subcommand("init", "Make an authority, and certify the server");
  add_flags(init, line.flags);
  init.add_option("--san", line.names, "One more name or address of the server")
      ->allow_extra_args(false);
  CLI::App& issue = *app.add_subcommand("issue", "Certify a user, or somebody with a role");
  issue.add_option("name", line.name, "Who it is for")->required();
  CLI::Option_group& who = *issue.add_option_group("Who");
  who.add_option("--role", line.role, "admin or viewer")
      ->check(CLI::IsMember({"admin", "viewer"}).description(""));
  who.add_flag("--user")->description("No role: what is his own");
  who.require_option(1);
  add_flags(issue, line.flags);
  CLI::App& check = *app.add_subcommand("check", "Say when certificates end");
  check.add_option("--dir", line.directories, "A directory, instead of the usual ones")
      ->allow_extra_args(false);
  CLI::App& stage = *app.add_subcommand("stage", "Hand the server's certificate to the gateway");
  stage.add_option("--dir", line.source, "Where the server's files are")->capture_default_str();
  stage.add_option("--to", line.gateway_directory, "The gateway's directory")->required();
  stage.add_option("--user", line.user, "The account that the gateway runs as")->required();
}

// "warren: " and the reason on standard error, on one line.
int complain(std::string_view reason, int status) {
  fmt::print(stderr, "warren: certs: {}\n", without_controls(reason, ' '));
  return status;
}

int report(const Result<Written>& written) {
  if (!written) return complain(written.error().message, 1);
  for (const std::string& path : *written) fmt::print("{}\n", path);
  return 0;
}

int report(const Result<>& done) {
  return done ? 0 : complain(done.error().message, 1);
}

int answer(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) return complain(error.what(), kUsageError);
  fmt::print("{}", app.help("", CLI::AppFormatMode::All));
  return 0;
}

int run(int count, char** arguments) {
  if (!os::keep_memory_private()) return complain("its memory cannot be kept private", 1);
  // A configuration that the environment names could load code.
  ::OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  CommandLine line;
  CLI::App app("Makes and renews the certificates of servers, users and clients.", "warren certs");
  app.require_subcommand(1);
  add_commands(app, line);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return answer(app, error);
  }
  if (app.got_subcommand("init")) return report(init(line.flags, line.names));
  if (app.got_subcommand("issue")) return report(issue(line.flags, line.name, line.role));
  if (app.got_subcommand("stage")) {
    return report(stage_for(line.user, line.source, line.gateway_directory));
  }
  const auto findings = check(line.directories);
  if (!findings) return complain(findings.error().message, 1);
  fmt::print("{}", *findings);
  return 0;
}

}  // namespace
}  // namespace warren::certs

int main(int count, char** arguments) {
  warren::os::name_this_process("warren-certs");
  try {
    return warren::certs::run(count, arguments);
  } catch (const std::exception& exception) {
    fmt::print(stderr, "warren: certs: {}\n", exception.what());
    return 1;
  }
}
