// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this folder share: they send the program of tests/payloads into a sandbox, let
// it attack, and read what it reports.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/security/amendments.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {

struct Verdict {
  std::string attack;
  std::string result;  // "succeeded", or the name of the error that stopped it.
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
std::ostream& operator<<(std::ostream& out, const Verdict& verdict);

using Attacks = std::vector<std::string>;

// A job that reads the attacker's program from its standard input and executes it.
[[nodiscard]] model::JobSpec attacker_job(const Attacks& attacks);

// The lines of the attacker's report.
[[nodiscard]] std::vector<Verdict> read_report(const std::string& text);

// The same attacks by the test itself, as the host's root and without any sandbox.
[[nodiscard]] std::vector<Verdict> attack_on_host(const Attacks& attacks);

// Those of the attacks that then succeed: this kernel has what they attack. Only for attacks that
// change nothing.
[[nodiscard]] Attacks possible_on_host(const Attacks& attacks);

// Processes whose /proc/PID/ns/pid reads `pid_namespace`, as seen from the host; without init.
[[nodiscard]] std::vector<pid_t> members(const std::string& pid_namespace);
// The inits that this program has started.
[[nodiscard]] std::vector<pid_t> own_inits();
[[nodiscard]] std::string namespace_of(pid_t pid, const std::string& type);

MATCHER(Succeeded, "has succeeded") {
  return arg.result == "succeeded";
}
MATCHER(Refused, "has been refused") {
  return arg.result != "succeeded";
}

// One provider for each suite: opening it makes a pool, which takes its time.
class AttackTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  void TearDown() override { amendment_ = {}; }

  // Every plan from here to the end of the test is amended.
  static void amend(Amendment amendment) { amendment_ = std::move(amendment); }
  static SandboxRunner& runner() { return *runner_; }

  // Starts `spec` and sends the attacker; its standard input stays open.
  [[nodiscard]] static Running start(const model::JobSpec& spec);
  [[nodiscard]] static Outcome run(const model::JobSpec& spec);

  // As the sandbox's root. Each attack has one verdict.
  [[nodiscard]] static std::vector<Verdict> attack(const Attacks& attacks);
  [[nodiscard]] static std::vector<Verdict> attack_as(const std::string& user,
                                                      const Attacks& attacks);
  [[nodiscard]] static std::vector<Verdict> attack_amended(Amendment amendment,
                                                           const Attacks& attacks);

  // Returns the standard output once `text` is part of it.
  [[nodiscard]] static std::string wait_for_output(const Running& running, const std::string& text);

 private:
  static std::unique_ptr<SandboxRunner> runner_;
  static Amendment amendment_;
};

}  // namespace warren::test
