// SPDX-License-Identifier: Apache-2.0
//
// S8: sandboxes share nothing with the host and nothing with each other.

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "os/context.h"
#include "os/socket.h"
#include "os/text_file.h"
#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using plan::Slot;
using ::testing::Each;
using ::testing::SizeIs;

class S8_Namespaces : public AttackTest {
 protected:
  static constexpr std::array kTypes{"user", "pid", "mnt", "net", "ipc", "uts", "cgroup"};

  static std::vector<std::string> lines_of(const model::JobSpec& spec) {
    std::istringstream text(runner().run(spec).out);
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  static model::JobSpec show_namespaces() {
    std::string script;
    for (const char* type : kTypes) script += fmt::format("readlink /proc/self/ns/{};", type);
    return shell(script);
  }
};

TEST_F(S8_Namespaces, EachOneDiffersFromTheHosts) {
  const auto inside = lines_of(show_namespaces());
  ASSERT_THAT(inside, SizeIs(kTypes.size()));
  for (std::size_t index = 0; index < kTypes.size(); ++index) {
    EXPECT_NE(inside[index], namespace_of(::getpid(), kTypes[index]));
  }
}

TEST_F(S8_Namespaces, TheHostProfileSharesThem) {
  model::JobSpec spec = show_namespaces();
  spec.sandbox.profile = model::Profile::kHost;
  const auto inside = lines_of(spec);
  ASSERT_THAT(inside, SizeIs(kTypes.size()));
  for (std::size_t index = 0; index < kTypes.size(); ++index) {
    EXPECT_EQ(inside[index], namespace_of(::getpid(), kTypes[index]));
  }
}

TEST_F(S8_Namespaces, ANamespaceThatThePlanLeavesOutIsTheHosts) {
  amend(without(Op::kEnterNamespace, Slot::kNetwork));
  EXPECT_EQ(lines_of(shell("readlink /proc/self/ns/net")).front(), namespace_of(::getpid(), "net"));
}

TEST_F(S8_Namespaces, EachOneAndEachIdRangeDiffersFromAnotherSandboxs) {
  model::JobSpec waiting = show_namespaces();
  waiting.process.argv.back() += "cat /proc/self/uid_map; hostname; echo shown; read line";
  waiting.process.input = model::Input::kPipe;
  Running first = runner().start(waiting);
  ASSERT_TRUE(first.started) << first.started.error().message;
  std::istringstream shown(wait_for_output(first, "shown"));
  model::JobSpec spec = show_namespaces();
  spec.process.argv.back() += "cat /proc/self/uid_map; hostname";
  for (const std::string& theirs : lines_of(spec)) {
    std::string line;
    ASSERT_TRUE(std::getline(shown, line));
    EXPECT_NE(line, theirs);
  }
  first.started->input.reset();
  std::ignore = runner().wait(first);
  runner().destroy(first);
}

// A process of the host that offers what the attacks look for.
class Offer {
 public:
  explicit Offer(const std::string& name) {
    os::Pipe input = *os::make_pipe();
    os::Pipe output = *os::make_pipe();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
    std::string program = WARREN_ATTACKER;
    std::string attack = "offer=" + name;
    char* argv[] = {program.data(), attack.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv, environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    input_ = std::move(input.write);
    std::array<char, 64> line{};
    EXPECT_GT(::read(output.read.get(), line.data(), line.size() - 1), 0);
    segment_ = std::string(line.data()).substr(std::string_view("segment ").size());
    segment_.resize(segment_.find('\n'));
  }
  ~Offer() {
    input_.reset();
    ::waitpid(pid_, nullptr, 0);
  }
  Offer(const Offer&) = delete;
  Offer& operator=(const Offer&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& segment() const { return segment_; }

 private:
  pid_t pid_ = 0;
  os::UniqueFd input_;
  std::string segment_;
};

std::string unique_name() {
  return fmt::format("warren-test-{}", ::getpid());
}

TEST_F(S8_Namespaces, NothingOfTheHostCanBeReached) {
  const Offer offer(unique_name());
  const std::string socket = "connect-to=" + unique_name();
  const Attacks attacks{"attach-memory=" + offer.segment(), socket,
                        fmt::format("reach-process={}", offer.pid())};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_on_host(attacks), Each(Succeeded()));
  // Where the network namespace is the host's, so are its sockets without a file (CVE-2020-15257).
  EXPECT_THAT(attack_amended(without(Op::kEnterNamespace, Slot::kNetwork), {socket}),
              Each(Succeeded()));
}

TEST_F(S8_Namespaces, NothingOfAnotherSandboxCanBeReached) {
  Running other = start(attacker_job({"offer=" + unique_name()}));
  ASSERT_TRUE(other.started) << other.started.error().message;
  const std::string shown = wait_for_output(other, "\n");
  const std::string segment = shown.substr(std::string_view("segment ").size());
  EXPECT_THAT(attack({"attach-memory=" + segment.substr(0, segment.find('\n')),
                      "connect-to=" + unique_name(), "reach-process=3"}),
              Each(Refused()));
  other.started->input.reset();
  std::ignore = runner().wait(other);
  runner().destroy(other);
}

// Tells everybody who listens of a change of /dev/null that did not happen.
void announce_device() {
  const auto told = os::write_text(AT_FDCWD, "/sys/devices/virtual/mem/null/uevent", "change");
  EXPECT_TRUE(told) << os::message(told.error());
}

TEST_F(S8_Namespaces, DevicesOfTheHostAreNeitherHeardOfNorMadeUp) {
  const std::string device = "/devices/virtual/mem/null";
  const model::JobSpec listener = attacker_job({"hear-of-device=" + device});
  EXPECT_THAT(run(listener).out, ::testing::StartsWith("deaf\n"));
  EXPECT_THAT(attack({"forge-device=/devices/virtual/mem/none"}), Each(Refused()));

  // The network namespace belongs to the host's users, so without the filter all is told.
  amend(without({Op::kSeccomp}));
  Running running = start(listener);
  ASSERT_TRUE(running.started) << running.started.error().message;
  std::ignore = wait_for_output(running, "listening");
  announce_device();
  std::ignore = wait_for_output(running, "hear-of-device=" + device + " succeeded");
  running.started->input.reset();
  std::ignore = runner().wait(running);
  runner().destroy(running);
  // Making events up needs a power over the network namespace that no sandbox has.
  EXPECT_THAT(attack({"forge-device=/devices/virtual/mem/none"}), Each(Refused()));
  amend(all_of({as_host_root, without({Op::kSeccomp})}));
  EXPECT_THAT(attack({"forge-device=/devices/virtual/mem/none"}), Each(Succeeded()));
}

TEST_F(S8_Namespaces, FilesInSharedMemoryArePrivate) {
  Running other = runner().start([] {
    model::JobSpec spec = shell("echo secret > /dev/shm/secret; echo made; read line");
    spec.process.input = model::Input::kPipe;
    return spec;
  }());
  ASSERT_TRUE(other.started) << other.started.error().message;
  std::ignore = wait_for_output(other, "made");
  EXPECT_NE(::access("/dev/shm/secret", F_OK), 0);
  EXPECT_THAT(attack({"exists=/dev/shm/secret"}), Each(Refused()));
  other.started->input.reset();
  std::ignore = runner().wait(other);
  runner().destroy(other);
}

}  // namespace
}  // namespace warren::test
