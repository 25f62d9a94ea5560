// SPDX-License-Identifier: Apache-2.0
//
// The host profile: the same path with another plan.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::HasSubstr;

model::JobSpec host_shell(const std::string& script) {
  model::JobSpec spec = shell(script);
  spec.sandbox.profile = model::Profile::kHost;
  return spec;
}

class HostProfile : public ::testing::Test {
 protected:
  std::string output_of(const std::string& script) {
    const Outcome outcome = runner_.run(host_shell(script));
    EXPECT_EQ(outcome.exit_code(), 0) << outcome.ended.message << outcome.err;
    return outcome.out;
  }

  SandboxRunner runner_;
};

TEST_F(HostProfile, RunsAsNobodyWithoutAnyPrivilege) {
  EXPECT_EQ(
      output_of("id -u; id -g; id -G; grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status"),
      "65534\n65534\n65534\n"
      "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST_F(HostProfile, SeesTheHostsFiles) {
  const std::filesystem::path file = runner_.directory() / "visible";
  std::filesystem::permissions(runner_.directory(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  std::filesystem::create_directory(file);
  EXPECT_EQ(output_of("pwd; test -d " + file.string() + " && echo there"), "/\nthere\n");
}

TEST_F(HostProfile, HasNoNamespaceOfItsOwn) {
  std::string expected;
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    expected += std::filesystem::read_symlink(std::string("/proc/self/ns/") + name).string() + "\n";
  }
  EXPECT_EQ(
      output_of("cd /proc/self/ns; for n in cgroup ipc mnt net pid user uts; do readlink $n; done"),
      expected);
}

TEST_F(HostProfile, TakesItsOrphansWithIt) {
  model::JobSpec spec =
      host_shell("exec 5<&0; (setsid sh -c 'trap \"\" TERM HUP; tail -f /dev/null' &); exit 3");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const os::UniqueFd input = std::move(running.started->input);
  const Outcome outcome = runner_.finish(std::move(running));
  EXPECT_EQ(outcome.exit_code(), 3);
  pollfd end{.fd = input.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 0), 1) << "somebody is left";
}

TEST_F(HostProfile, DoesNotRunAsRoot) {
  model::JobSpec spec = host_shell("id");
  spec.process.user = model::UserSpec{"0", ""};
  EXPECT_FALSE(runner_.provider().check(spec));
  const Outcome outcome = runner_.run(spec);
  ASSERT_FALSE(outcome.started);
  EXPECT_THAT(outcome.started.error().message, HasSubstr("never runs commands as root"));
}

TEST_F(HostProfile, DoesNotEnterADirectoryThatIsClosedToItsUser) {
  const std::filesystem::path closed = runner_.directory() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  std::filesystem::permissions(runner_.directory(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  model::JobSpec spec = host_shell("pwd");
  spec.process.workdir = closed.string();
  const Outcome outcome = runner_.run(spec);
  ASSERT_FALSE(outcome.started);
  EXPECT_EQ(outcome.ended.failed_stage, "change-directory");
  EXPECT_THAT(outcome.ended.message, HasSubstr("Permission denied"));
}

TEST_F(HostProfile, HasASessionKeyringOfItsOwn) {
  constexpr int kSessionKeyring = -3;  // KEY_SPEC_SESSION_KEYRING; 0 asks for its number.
  const long own = ::syscall(SYS_keyctl, 0, kSessionKeyring, 0);
  if (own < 0) GTEST_SKIP() << "this kernel has no keyrings";
  const std::string others = output_of(
      fmt::format("python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall({}, 0, {}, 0))'",
                  SYS_keyctl, kSessionKeyring));
  EXPECT_GT(std::stol(others), 0);
  EXPECT_NE(std::stol(others), own);
}

TEST_F(HostProfile, KeepsItsLimits) {
  model::JobSpec spec = host_shell("nproc; cat /proc/self/cgroup");
  spec.sandbox.limits.cpu_percent = 50;
  const Outcome outcome = runner_.run(spec);
  EXPECT_THAT(outcome.out, ::testing::StartsWith("1\n"));
  EXPECT_THAT(outcome.out, HasSubstr("warren"));
}

}  // namespace
}  // namespace warren::test
