// SPDX-License-Identifier: Apache-2.0

#include "tests/support/init_partner.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "os/file.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using plan::MessageType;
using plan::Op;
using plan::Slot;

constexpr int kDeadlineMs = 120'000;
constexpr std::uint64_t kBacklog = 128;

os::UniqueFd make_file(const char* name) {
  return os::UniqueFd(::memfd_create(name, MFD_CLOEXEC));
}

}  // namespace

plan::LaunchPlan plan_for(std::vector<std::string> argv) {
  plan::LaunchPlan plan;
  plan.sandbox = {
      {.op = Op::kPrivateMounts},
      {.op = Op::kEnterNamespace, .slot = Slot::kNetwork, .a = CLONE_NEWNET},
      {.op = Op::kNewFilesystem, .slot = Slot::kFirstMount, .texts = {"tmpfs", "mode=755"}},
      {.op = Op::kListen,
       .slot = Slot::kCalls,
       .other = Slot::kFirstMount,
       .a = 0666,
       .b = kBacklog,
       .texts = {"calls"}},
      {.op = Op::kAttach, .slot = Slot::kFirstMount, .texts = {"/mnt"}},
      {.op = Op::kOnEndKill, .a = 1}};
  plan::Step execute{.op = Op::kExecute, .a = argv.size(), .texts = {argv.at(0)}};
  execute.texts.insert(execute.texts.end(), argv.begin(), argv.end());
  plan.process = {{.op = Op::kOpenPipes, .slot = Slot::kStdoutPipe, .other = Slot::kStderrPipe},
                  {.op = Op::kOpenInput, .slot = Slot::kInput},
                  {.op = Op::kSpawn},
                  {.op = Op::kNewSession},
                  {.op = Op::kInstall, .slot = Slot::kInput, .a = 0},
                  {.op = Op::kInstall, .slot = Slot::kStdoutPipe, .a = 1},
                  {.op = Op::kInstall, .slot = Slot::kStderrPipe, .a = 2},
                  {.op = Op::kCloseFrom, .a = 3},
                  std::move(execute)};
  return plan;
}

InitPartner::InitPartner(const plan::LaunchPlan& plan)
    : directory_(make_directory()),
      id_(NodeId::parse("0198c2f0-0000-7000-8000-000000000001").value()),
      sockets_(provider::InitSockets::open(directory_.string()).value()),
      listener_(sockets_.listen(id_).value()),
      output_(make_file("output")),
      index_(make_file("index")),
      record_(make_file("record")) {
  const os::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const os::UniqueFd network = provider::NetworkPool(0).take().value();
  const auto launcher = provider::InitLauncher::create().value();
  provider::NewbornInit launched =
      launcher.bear({.namespaces = CLONE_NEWPID | CLONE_NEWNS}).value();
  EXPECT_TRUE(provider::give_orders(launched, order(plan, null, network)));
  init_ = std::move(launched.child);
  control_ = std::move(launched.control);
  listener_.reset();
}

provider::Launch InitPartner::order(const plan::LaunchPlan& plan, const os::UniqueFd& null,
                                    const os::UniqueFd& network) const {
  provider::Launch launch;
  launch.plan = plan::encode(plan).value();
  launch.descriptors = {{Slot::kNull, null.get()},         {Slot::kListener, listener_.get()},
                        {Slot::kNetwork, network.get()},   {Slot::kStdoutLog, output_.get()},
                        {Slot::kStderrLog, output_.get()}, {Slot::kIndex, index_.get()},
                        {Slot::kRecord, record_.get()}};
  return launch;
}

InitPartner::~InitPartner() {
  EXPECT_TRUE(os::send_signal(init_.pidfd.get(), SIGKILL));
  siginfo_t status{};
  EXPECT_EQ(::waitid(P_PIDFD, static_cast<id_t>(init_.pidfd.get()), &status, WEXITED), 0);
  std::filesystem::remove_all(directory_);
}

void InitPartner::attach_again() {
  control_ = sockets_.connect(id_).value();
  tell(MessageType::kAttach);
}

void InitPartner::tell_raw(std::span<const std::byte> bytes, std::span<const int> fds) {
  EXPECT_TRUE(os::send_message(control_.get(), bytes, fds));
}

void InitPartner::hear_raw(MessageType type, std::span<std::byte> bytes,
                           std::vector<os::UniqueFd>& fds) {
  pollfd news{.fd = control_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&news, 1, kDeadlineMs) != 1) throw std::runtime_error("init says nothing");
  alignas(8) std::array<std::byte, 1024> buffer;
  auto received = os::receive_message(control_.get(), buffer).value();
  plan::MessageHead head{};
  if (received.bytes >= sizeof head) std::memcpy(&head, buffer.data(), sizeof head);
  ASSERT_EQ(static_cast<int>(head.type), static_cast<int>(type));
  ASSERT_EQ(received.bytes, bytes.size());
  std::memcpy(bytes.data(), buffer.data(), bytes.size());
  for (std::size_t index = 0; index < received.descriptors; ++index) {
    fds.push_back(std::move(received.fds[index]));
  }
}

void InitPartner::expect_alive() {
  tell(MessageType::kStat);
  const auto state = hear<plan::StateEvent>(MessageType::kState);
  for (std::uint32_t process = 0; process < state.message.live; ++process) {
    std::ignore = hear<plan::StartedEvent>(MessageType::kStarted);
  }
}

std::string InitPartner::await_output(const std::string& text) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kDeadlineMs);
  std::string all;
  while (!all.contains(text)) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no " + text);
    std::array<char, 4096> part;
    const auto offset = static_cast<off_t>(all.size());
    const ssize_t count = ::pread(output_.get(), part.data(), part.size(), offset);
    if (count > 0) all.append(part.data(), static_cast<std::size_t>(count));
    if (count <= 0) std::this_thread::yield();
  }
  return all;
}

std::size_t InitPartner::descriptors_of_init() const {
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", init_.pid));
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace warren::test
