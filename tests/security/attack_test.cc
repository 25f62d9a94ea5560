// SPDX-License-Identifier: Apache-2.0

#include "tests/security/attack_test.h"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "os/file.h"

namespace warren::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kDeadline{60};

const std::string& attacker_program() {
  static const std::string program = [] {
    std::ifstream file(WARREN_ATTACKER, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  return program;
}

std::string read_link(const fs::path& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

std::string status_field(pid_t pid, const std::string& name) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(name)) return line.substr(name.size());
  }
  return {};
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::unique_ptr<SandboxRunner> AttackTest::runner_;
Amendment AttackTest::amendment_;

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << verdict.attack << ": " << verdict.result;
}

model::JobSpec attacker_job(const Attacks& attacks) {
  model::JobSpec spec;
  // head(1) takes exactly the program: what follows on standard input is the program's own.
  const std::string script = fmt::format(
      "head -c {} > /tmp/attacker && chmod 755 /tmp/attacker && "
      "exec /tmp/attacker \"$@\"",
      attacker_program().size());
  spec.process.argv = {"/bin/sh", "-c", script, "sh"};
  spec.process.argv.insert(spec.process.argv.end(), attacks.begin(), attacks.end());
  spec.process.input = model::Input::kPipe;
  return spec;
}

std::vector<Verdict> read_report(const std::string& text) {
  std::vector<Verdict> verdicts;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t end = line.rfind(' ');
    if (end != std::string::npos) verdicts.push_back({line.substr(0, end), line.substr(end + 1)});
  }
  return verdicts;
}

std::vector<Verdict> attack_on_host(const Attacks& attacks) {
  std::string command = WARREN_ATTACKER;
  for (const std::string& attack : attacks) command += fmt::format(" '{}'", attack);
  const auto close = [](std::FILE* file) { ::pclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> pipe(::popen(command.c_str(), "re"), close);
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    text.append(buffer.data(), count);
  }
  return read_report(text);
}

Attacks possible_on_host(const Attacks& attacks) {
  Attacks found;
  for (const Verdict& verdict : attack_on_host(attacks)) {
    if (verdict.result == "succeeded") found.push_back(verdict.attack);
  }
  return found;
}

std::string namespace_of(pid_t pid, const std::string& type) {
  return read_link(fmt::format("/proc/{}/ns/{}", pid, type));
}

std::vector<pid_t> members(const std::string& pid_namespace) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!is_number(name)) continue;
    const pid_t pid = std::stoi(name);
    if (namespace_of(pid, "pid") != pid_namespace) continue;
    if (!status_field(pid, "NSpid:").ends_with("\t1")) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> own_inits() {
  std::vector<pid_t> found = inits_of(::getpid());
  std::erase_if(found, [](pid_t pid) { return !status_field(pid, "NSpid:").ends_with("\t1"); });
  return found;
}

void AttackTest::SetUpTestSuite() {
  // A sandbox that ends before it has read its input must not end the test.
  ::signal(SIGPIPE, SIG_IGN);
  runner_ = std::make_unique<SandboxRunner>([](plan::LaunchPlan& plan) {
    if (amendment_) amendment_(plan);
  });
}

void AttackTest::TearDownTestSuite() {
  runner_.reset();
}

Running AttackTest::start(const model::JobSpec& spec) {
  Running running = runner().start(spec);
  if (running.started && running.started->input) {
    std::ignore =
        os::write_all(running.started->input.get(), std::as_bytes(std::span(attacker_program())));
  }
  return running;
}

Outcome AttackTest::run(const model::JobSpec& spec) {
  Running running = start(spec);
  if (running.started) running.started->input.reset();
  Outcome outcome;
  outcome.ended = runner().wait(running);
  runner().read_output(running, outcome);
  runner().destroy(running);
  outcome.started = std::move(running.started);
  return outcome;
}

std::vector<Verdict> AttackTest::attack(const Attacks& attacks) {
  return attack_as("0", attacks);
}

std::vector<Verdict> AttackTest::attack_as(const std::string& user, const Attacks& attacks) {
  model::JobSpec spec = attacker_job(attacks);
  spec.process.user = model::UserSpec{.user = user, .group = ""};
  const Outcome outcome = run(spec);
  EXPECT_TRUE(outcome.started) << outcome.started.error().message;
  EXPECT_EQ(outcome.exit_code(), 0) << outcome.err;
  std::vector<Verdict> verdicts = read_report(outcome.out);
  EXPECT_EQ(verdicts.size(), attacks.size()) << outcome.out << outcome.err;
  return verdicts;
}

std::vector<Verdict> AttackTest::attack_amended(Amendment amendment, const Attacks& attacks) {
  amend(std::move(amendment));
  std::vector<Verdict> verdicts = attack(attacks);
  amend({});
  return verdicts;
}

std::string AttackTest::wait_for_output(const Running& running, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  for (;;) {
    Outcome outcome;
    runner().read_output(running, outcome);
    if (outcome.out.find(text) != std::string::npos) return outcome.out;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("no '" + text + "' in: " + outcome.out + outcome.err);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace warren::test
