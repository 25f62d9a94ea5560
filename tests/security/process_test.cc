// SPDX-License-Identifier: Apache-2.0
//
// S22 and S24: nothing survives the end of a sandbox, and nothing inside has power over its init.

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "os/process.h"
#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Prints the sandbox's pid namespace before it attacks.
model::JobSpec announced(const Attacks& attacks) {
  model::JobSpec spec = attacker_job(attacks);
  std::string& script = spec.process.argv.at(2);
  script = "readlink /proc/self/ns/pid; " + script;
  return spec;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

MATCHER_P(EndsUntil, deadline, "ends in time") {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd end{.fd = arg.get(), .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, std::max(0, static_cast<int>(left.count()))) == 1;
}

class S22_Killing : public AttackTest {
 protected:
  struct End {
    provider::Ended how;
    std::vector<pid_t> survivors;  // When the end was reported.
    std::vector<pid_t> leftovers;  // When the sandbox had been destroyed.
  };

  static End end_of(const Running& running) {
    End end;
    end.how = runner().wait(running);
    Outcome outcome;
    runner().read_output(running, outcome);
    const std::string pids = first_line(outcome.out);
    EXPECT_THAT(pids, HasSubstr("pid:[")) << outcome.err;
    end.survivors = members(pids);
    runner().destroy(running);
    end.leftovers = members(pids);
    return end;
  }

  // Daemons that ignore every signal, and a leader that does too.
  static Running start_stubborn() {
    Running running = start(announced({"refuse-to-end=20"}));
    std::ignore = wait_for_output(running, "settled");
    return running;
  }
};

TEST_F(S22_Killing, DaemonsEndWithTheCommandThatLeftThem) {
  const End end = end_of(start(announced({"leave-daemons=20"})));
  EXPECT_EQ(end.how.wait_status, 0);
  EXPECT_THAT(end.survivors, IsEmpty());
  EXPECT_THAT(end.leftovers, IsEmpty());
}

TEST_F(S22_Killing, DaemonsStayWhereInitDoesNotKill) {
  amend(without({Op::kOnEndKill}));
  const End end = end_of(start(announced({"leave-daemons=20"})));
  EXPECT_THAT(end.survivors, SizeIs(21));
  // The end of init ends them all the same.
  EXPECT_THAT(end.leftovers, IsEmpty());
}

TEST_F(S22_Killing, NothingEscapesAKill) {
  const Running running = start_stubborn();
  runner().kill(running);
  const End end = end_of(running);
  ASSERT_TRUE(end.how.wait_status.has_value());
  EXPECT_EQ(WTERMSIG(*end.how.wait_status), SIGKILL);
  EXPECT_THAT(end.survivors, IsEmpty());
}

TEST_F(S22_Killing, AnySignalThatCanBeIgnoredKillsNobody) {
  const Running running = start_stubborn();
  const std::string pids = first_line(wait_for_output(running, "settled"));
  for (const pid_t pid : members(pids)) {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT}) {
      std::ignore = os::send_signal(os::open_process(pid)->get(), signal);
    }
  }
  // The leader, its daemons and the stopped process, which a signal does not wake.
  EXPECT_THAT(members(pids), SizeIs(22));
  runner().kill(running);
  EXPECT_THAT(end_of(running).survivors, IsEmpty());
}

TEST_F(S22_Killing, AFrozenSandboxCanBeKilled) {
  const Running running = start_stubborn();
  runner().freeze(running);
  runner().kill(running);
  EXPECT_THAT(end_of(running).survivors, IsEmpty());
}

TEST_F(S22_Killing, AForkBombCanBeKilled) {
  model::JobSpec spec = announced({"fork-bomb"});
  spec.sandbox.limits.pids = 200;
  const Running running = start(spec);
  const std::string pids = first_line(wait_for_output(running, "full"));
  EXPECT_GT(members(pids).size(), 150U);
  runner().kill(running);
  EXPECT_THAT(end_of(running).survivors, IsEmpty());
}

TEST_F(S22_Killing, OrphansLeaveNoZombies) {
  const bool is_soak = std::getenv("WARREN_SOAK") != nullptr;
  const std::string attack_by_many = fmt::format("leave-orphans={}", is_soak ? 1'000'000 : 50'000);
  EXPECT_THAT(attack({attack_by_many}), Each(Verdict{attack_by_many, "ESRCH"}));
  EXPECT_THAT(attack({"leave-zombies=50"}), Each(Succeeded()));
}

// The promise is a tenth of this.
TEST_F(S22_Killing, DaemonsAndAForkBombDieWithinASecond) {
  for (const char* attack : {"refuse-to-end=20", "fork-bomb"}) {
    model::JobSpec spec = announced({attack});
    spec.sandbox.limits.pids = 200;
    const Running running = start(spec);
    const std::string last_word = std::string(attack) == "fork-bomb" ? "full" : "settled";
    const std::string pids = first_line(wait_for_output(running, last_word));
    std::vector<os::UniqueFd> processes;
    for (const pid_t pid : members(pids)) {
      if (auto process = os::open_process(pid)) processes.push_back(*std::move(process));
    }
    EXPECT_GT(processes.size(), 20U);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    runner().kill(running);
    EXPECT_THAT(processes, Each(EndsUntil(deadline))) << attack;
    EXPECT_THAT(end_of(running).survivors, IsEmpty());
  }
}

TEST_F(S22_Killing, TheEndOfInitEndsEverything) {
  const Running running = start_stubborn();
  const std::string pids = first_line(wait_for_output(running, "settled"));
  for (const pid_t init : own_inits()) {
    if (namespace_of(init, "pid") == pids) {
      EXPECT_TRUE(os::send_signal(os::open_process(init)->get(), SIGKILL));
    }
  }
  const End end = end_of(running);
  EXPECT_FALSE(end.how.wait_status.has_value());
  EXPECT_THAT(end.survivors, IsEmpty());
}

class S24_Init : public AttackTest {};

const Attacks kReading{"read=/proc/1/mem",  "read=/proc/1/environ",   "read=/proc/1/maps",
                       "list=/proc/1/fd",   "list=/proc/1/map_files", "read=/proc/1/syscall",
                       "read=/proc/1/stack"};
const Attacks kTouching{"trace-init", "read-memory-of-init", "write-memory-of-init"};

// Init belongs to the host's user namespace, so nothing that the sandbox's root can have is enough;
// as the host's root it has it all.
const Amendment kExposed =
    all_of({as_host_root, replace_text("hidepid=invisible", "hidepid=0"), without({Op::kSeccomp})});

TEST_F(S24_Init, CannotBeRead) {
  EXPECT_THAT(attack(kReading), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({replace_text("hidepid=invisible", "hidepid=0"),
                                     with_all_capabilities(), without({Op::kSeccomp})}),
                             kReading),
              Each(Refused()));
  EXPECT_THAT(attack_amended(kExposed, {"read=/proc/1/maps", "list=/proc/1/fd",
                                        "list=/proc/1/map_files", "read=/proc/1/syscall"}),
              Each(Succeeded()));
}

TEST_F(S24_Init, CannotBeTracedOrWrittenTo) {
  EXPECT_THAT(attack(kTouching), Each(Refused()));
  EXPECT_THAT(attack_amended(all_of({with_all_capabilities(), without({Op::kSeccomp})}), kTouching),
              Each(Refused()));
  EXPECT_THAT(attack_amended(kExposed, kTouching), Each(Succeeded()));
}

TEST_F(S24_Init, IsNotListed) {
  EXPECT_THAT(attack({"exists=/proc/1"}), Each(Refused()));
  EXPECT_THAT(attack_amended(replace_text("hidepid=invisible", "hidepid=0"), {"exists=/proc/1"}),
              Each(Succeeded()));
}

// They share an id. For these calls the kernel asks for all that init is capable of as well.
TEST_F(S24_Init, CannotBeSlowedDown) {
  const Attacks attacks{"lower-priority-of-init", "lower-priority-of-user",
                        "lower-io-priority-of-init", "bind-init-to-core", "schedule-init-as-idle"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(with_all_capabilities(), attacks), Each(Succeeded()));
}

// For this one it does not: the filter is all there is.
TEST_F(S24_Init, CannotBeKeptFromWritingTheLog) {
  const model::JobSpec spec = attacker_job({"limit-files-of-init", "be-root"});
  EXPECT_THAT(run(spec).out, HasSubstr("be-root succeeded\n"));
  amend(without({Op::kSeccomp}));
  EXPECT_THAT(run(spec).out, IsEmpty());
}

// It has to reap them all, and still serves its engine and the output.
TEST_F(S24_Init, CannotBeKeptBusyByDyingProcesses) {
  model::JobSpec spec = attacker_job({"storm-of-orphans=3000"});
  spec.sandbox.limits.pids = 4000;
  const Running running = start(spec);
  EXPECT_THAT(wait_for_output(running, "counted 1000\n"), HasSubstr("counted 0\n"));
  runner().kill(running);
  std::ignore = runner().wait(running);
  runner().destroy(running);
}

TEST_F(S24_Init, CannotBeKilledOrConfusedFromInside) {
  model::JobSpec spec = attacker_job({"kill-init"});
  std::string& script = spec.process.argv.at(2);
  script.replace(script.find("exec "), std::string_view("exec ").size(), "");
  script += "; echo still here; exit 7";
  const Outcome outcome = run(spec);
  EXPECT_EQ(outcome.exit_code(), 7);
  EXPECT_THAT(outcome.out, HasSubstr("still here\n"));
}

}  // namespace
}  // namespace warren::test
