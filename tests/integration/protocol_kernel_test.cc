// SPDX-License-Identifier: Apache-2.0
//
// What engine and init say to each other, message by message, and what a hostile command or a
// mistaken engine cannot do to init with it.

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/await.h"
#include "tests/integration/init_talk.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using plan::MessageType;
using ::testing::SizeIs;

void release_input(InitPartner& init, std::uint32_t process = kCommand) {
  init.tell(MessageType::kReleaseInput,
            plan::ReleaseInput{.head = {}, .process = process, .reserved = 0});
}

TEST(InitInput, StaysWithInitUntilItIsReleased) {
  InitPartner init(plan_of_shell("cat; echo end"));
  os::UniqueFd first = input_of(hear_started(init));
  write_to(first, "one\n");
  first.reset();
  // Its writer is gone and its end has not come: a later engine finds it as it was.
  init.attach_again();
  EXPECT_EQ(init.hear<plan::StateEvent>(MessageType::kState).message.live, 1U);
  os::UniqueFd second = input_of(hear_started(init));
  write_to(second, "two\n");
  EXPECT_EQ(init.await_output("two\n"), "one\ntwo\n");
  release_input(init);
  init.tell(MessageType::kStat);
  std::ignore = init.hear<plan::StateEvent>(MessageType::kState);
  EXPECT_EQ(hear_started(init).message.pipes, kAllPipes - plan::kInputPipe);
  second.reset();
  EXPECT_EQ(hear_exit(init), 0);
  EXPECT_EQ(init.await_output("end\n"), "one\ntwo\nend\n");
}

TEST(InitInput, EndsAtOnceWhenNobodyHasIt) {
  InitPartner init(plan_of_shell("cat; exit 3"));
  std::ignore = hear_started(init);
  release_input(init);
  EXPECT_EQ(hear_exit(init), 3 << 8);
}

TEST(InitInput, IsNoDescriptorOfTheCommand) {
  InitPartner init(plan_of_shell("ls /proc/self/fd; cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  // ls(1) has the directory open as well. Proc is the host's, so this is the whole of it.
  EXPECT_EQ(init.await_output("3\n"), "0\n1\n2\n3\n");
}

TEST(InitSignal, ReachesTheProcessItNames) {
  InitPartner init(plan_of_shell("trap 'exit 9' USR1; echo ready; while :; do read x; done"));
  const os::UniqueFd input = input_of(hear_started(init));
  std::ignore = init.await_output("ready\n");
  init.tell(MessageType::kSignal, plan::Signal{.head = {}, .process = kCommand, .signal = SIGUSR1});
  EXPECT_EQ(hear_exit(init), 9 << 8);
}

// Messages that are not what they say.
std::vector<std::vector<std::byte>> bad_messages() {
  std::vector<std::vector<std::byte>> bad;
  for (std::uint16_t type = 0; type < 80; ++type) {
    for (const std::size_t bytes :
         {1UL, 7UL, 8UL, 9UL, 12UL, 16UL, 17UL, 24UL, 127UL, 128UL, 999UL}) {
      for (const std::uint16_t version : {plan::kProtocolVersion, std::uint16_t{2}}) {
        const plan::MessageHead head{.version = version,
                                     .type = static_cast<MessageType>(type),
                                     .bytes = static_cast<std::uint32_t>(bytes + type % 2)};
        std::vector<std::byte> message(bytes, std::byte{0xff});
        std::memcpy(message.data(), &head, std::min(bytes, sizeof head));
        bad.push_back(std::move(message));
      }
    }
  }
  return bad;
}

TEST(InitControl, IgnoresWhatIsNoMessage) {
  InitPartner init(plan_of_shell("cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  const std::size_t before = init.descriptors_of_init();
  const std::array<int, 3> fds{init.control(), init.control(), input.get()};
  for (const auto& message : bad_messages()) {
    plan::MessageHead head{};
    std::memcpy(&head, message.data(), std::min(message.size(), sizeof head));
    const bool is_order = head.bytes == message.size();
    if (is_order && head.type <= MessageType::kAccept) continue;  // Not bad after all.
    pollfd room{.fd = init.control(), .events = POLLOUT, .revents = 0};
    ASSERT_EQ(::poll(&room, 1, 120'000), 1);
    init.tell_raw(message, fds);
  }
  init.expect_alive();
  EXPECT_EQ(init.descriptors_of_init(), before);
}

TEST(InitControl, IgnoresOrdersAboutProcessesThatAreNot) {
  InitPartner init(plan_of_shell("cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  for (const std::uint32_t process : {0U, 2U, 64U, UINT32_MAX}) {
    init.tell(MessageType::kSignal,
              plan::Signal{.head = {}, .process = process, .signal = SIGKILL});
    release_input(init, process);
  }
  init.tell(MessageType::kSignal, plan::Signal{.head = {}, .process = kCommand, .signal = 4711});
  init.tell(MessageType::kStat);
  EXPECT_EQ(init.hear<plan::StateEvent>(MessageType::kState).message.live, 1U);
  EXPECT_EQ(hear_started(init).message.pipes, kAllPipes);
}

TEST(InitControl, RefusesAStartWithoutAPlan) {
  InitPartner init(plan_of_shell("cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  plan::Start order{};
  order.process = 2;
  order.descriptors = plan::kMostDescriptors;  // Of which none comes.
  for (std::int16_t& slot : order.slot) slot = -7;
  init.tell(MessageType::kStart, order);
  const auto failed = init.hear<plan::FailedEvent>(MessageType::kFailed);
  EXPECT_EQ(failed.message.process, 2U);
  EXPECT_EQ(failed.message.error, EBADMSG);
  init.expect_alive();
}

TEST(InitControl, AnswersAnEngineOfAnyVersionWhomItTalksTo) {
  InitPartner init(plan_of_shell("cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  const plan::MessageHead attach{
      .version = 9, .type = MessageType::kAttach, .bytes = sizeof(plan::MessageHead)};
  init.tell_raw(std::as_bytes(std::span(&attach, 1)));
  const auto state = init.hear<plan::StateEvent>(MessageType::kState);
  EXPECT_EQ(state.message.head.version, plan::kProtocolVersion);
  EXPECT_THAT(state.fds, SizeIs(1));
}

TEST(InitControl, QuitsWithEverythingInIt) {
  InitPartner init(plan_of_shell("cat"));
  const os::UniqueFd input = input_of(hear_started(init));
  init.tell(MessageType::kQuit);
  EXPECT_TRUE(eventually([&] { return state_of(init.pid()) == 'Z'; }));
  pollfd end{.fd = input.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 120'000), 1);  // Nobody holds the read end any more.
}

// Answers one kAttach as an init of another version would, with `pidfd` as a descriptor of itself.
void answer_with_version(const os::UniqueFd& listener, std::uint16_t version, int pidfd) {
  const os::UniqueFd engine = os::accept_connection(listener.get()).value();
  plan::MessageHead attach{};
  std::ignore =
      os::receive_message(engine.get(), std::as_writable_bytes(std::span(&attach, 1))).value();
  EXPECT_EQ(attach.type, MessageType::kAttach);
  plan::StateEvent state{};
  state.head = {.version = version, .type = MessageType::kState, .bytes = sizeof state};
  EXPECT_TRUE(
      os::send_message(engine.get(), std::as_bytes(std::span(&state, 1)), std::span(&pidfd, 1)));
}

TEST(ForeignInit, IsRefusedByNameAndLeftAlone) {
  SandboxRunner runner;
  std::vector<Running> left(1);
  left[0].sandbox = NodeId::parse("0198c2f0-0000-7000-8000-000000000001").value();
  left[0].process = NodeId::parse("0198c2f0-0000-7000-8000-000000000002").value();
  left[0].footprint = "host";
  const auto sockets = provider::InitSockets::open((runner.directory() / "run").string()).value();
  const os::UniqueFd listener = sockets.listen(left[0].sandbox).value();
  const pid_t init = ::fork();
  if (init == 0) {
    for (;;) ::pause();
  }
  const os::UniqueFd pidfd = os::open_process(init).value();
  std::thread answer([&] { answer_with_version(listener, 9, pidfd.get()); });
  const auto adopted = runner.try_adopt(left);
  answer.join();
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(adopted.error().message,
            "the init of sandbox 0198c2f0-0000-7000-8000-000000000001 speaks version 9 of its "
            "protocol, this engine 1 to 1");
  EXPECT_EQ(::waitpid(init, nullptr, WNOHANG), 0);  // It lives.
  ::kill(init, SIGKILL);
  EXPECT_EQ(::waitpid(init, nullptr, 0), init);
}

}  // namespace
}  // namespace warren::test
