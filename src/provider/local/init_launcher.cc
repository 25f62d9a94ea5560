// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/socket.h"
#include "provider/local/init_program.h"

namespace warren::provider {
namespace {

constexpr int kControl = 3;  // Where init expects its socket.
constexpr int kProgram = 4;

// Shared with the child: what it needs, and how far it came where it does not become init.
struct Birth {
  int control;
  int program;
  const char* stage = nullptr;
  os::Errno error{0};
};

// The child until it is init. It shares the engine's memory and must only make system calls. The
// first one gives it a descriptor table of its own that ends with the two descriptors it needs,
// however many more the engine has.
int become_init(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  const auto place = [](int from, int to, int flags) {
    return os::call([&] { return ::syscall(SYS_dup3, from, to, flags); });
  };
  const auto failed = [&birth](const char* stage, os::Errno error) {
    birth.stage = stage;
    birth.error = error;
    return 1;
  };
  const auto end = static_cast<unsigned>(std::max(birth.control, birth.program)) + 1;
  auto done = os::close_from(end, os::Unshare::kYes);
  if (!done) return failed("leaving the engine's descriptors", done.error());
  done = place(birth.control, kControl, 0);
  if (done) done = place(birth.program, kProgram, O_CLOEXEC);
  if (!done) return failed("placing descriptors", done.error());
  done = os::close_from(kProgram + 1, os::Unshare::kNo);
  if (!done) return failed("closing descriptors", done.error());
  char name[] = "warren-init";
  char* argv[] = {name, nullptr};
  char* envp[] = {nullptr};
  return failed("executing warren-init", os::execute(kProgram, argv, envp));
}

// The child has ended before it was init.
void reap(const os::Child& child) {
  siginfo_t status{};
  const auto id = static_cast<id_t>(child.pidfd.get());
  std::ignore = os::call([&] { return ::waitid(P_PIDFD, id, &status, WEXITED); });
}

// Of Linux 6.3; the C library's headers may be older.
constexpr unsigned kNoExecSeal = 0x8;
constexpr unsigned kExec = 0x10;

// A kernel can be told to make files in memory that cannot be executed unless asked otherwise.
os::KernelResult<os::UniqueFd> make_memory_file(const char* name, Executable executable) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned extra = executable == Executable::kYes ? kExec : kNoExecSeal;
  auto file = os::call_for_fd([&] { return ::memfd_create(name, kFlags | extra); });
  if (file || file.error() != os::Errno{EINVAL}) return file;
  return os::call_for_fd([&] { return ::memfd_create(name, kFlags); });
}

// A copy of `fd` with a number that init's own do not meet.
Result<os::UniqueFd> copy_above(int fd) {
  return os::context(os::duplicate(fd, kProgram + 1), "copying a descriptor");
}

plan::Start order_of(const Launch& launch) {
  plan::Start order{};
  order.head = {.version = plan::kProtocolVersion,
                .type = plan::MessageType::kLaunch,
                .bytes = sizeof(plan::Start)};
  order.process = launch.process;
  order.ends_sandbox = 1;
  order.log_limit = launch.log_limit;
  return order;
}

}  // namespace

Result<> give_orders(const NewbornInit& init, const Launch& launch) {
  const os::UniqueFd plan = WARREN_TRY(seal_in_memory("plan", launch.plan, Executable::kNo));
  plan::Start order = order_of(launch);
  std::vector<int> fds;
  const auto add = [&](plan::Slot slot, int fd) {
    order.slot[fds.size()] = static_cast<std::int16_t>(slot);
    fds.push_back(fd);
  };
  if (launch.descriptors.size() + 1 > plan::kMostDescriptors) {
    return fail(Errc::kInternal, "too many descriptors for one init");
  }
  add(plan::Slot::kPlan, plan.get());
  for (const auto& [slot, fd] : launch.descriptors) add(slot, fd);
  order.descriptors = static_cast<std::uint32_t>(fds.size());
  const auto sent = os::send_message(init.control.get(), std::as_bytes(std::span(&order, 1)), fds);
  WARREN_TRY(os::context(sent, "handing the plan to init"));
  return {};
}

void discard(NewbornInit init) {
  std::ignore = os::send_signal(init.child.pidfd.get(), SIGKILL);
  reap(init.child);
}

Result<os::UniqueFd> seal_in_memory(const char* name, std::span<const std::byte> bytes,
                                    Executable executable) {
  os::UniqueFd file =
      WARREN_TRY(os::context(make_memory_file(name, executable), "creating a file in memory"));
  WARREN_TRY(os::context(os::write_all(file.get(), bytes), "writing a file in memory"));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  WARREN_TRY(os::context(os::call([&] { return ::fcntl(file.get(), F_ADD_SEALS, kSeals); }),
                         "sealing a file in memory"));
  return file;
}

Result<InitLauncher> InitLauncher::create() {
  return create(init_program());
}

Result<InitLauncher> InitLauncher::create(std::span<const std::byte> program) {
  const os::UniqueFd file = WARREN_TRY(seal_in_memory("warren-init", program, Executable::kYes));
  os::UniqueFd place = WARREN_TRY(copy_above(file.get()));
  return InitLauncher(WARREN_TRY(copy_above(file.get())), std::move(place));
}

Result<NewbornInit> InitLauncher::bear(const Birthplace& place) const {
  os::SocketPair sockets =
      WARREN_TRY(os::context(os::make_packet_pair(), "making a socket for init"));
  WARREN_TRY(os::context(os::set_nonblocking(sockets.first.get()), "setting up init's socket"));
  WARREN_TRY(os::context(
      os::call([&] { return ::dup3(sockets.second.get(), control_place_.get(), O_CLOEXEC); }),
      "placing init's socket"));
  sockets.second.reset();

  Birth birth{.control = control_place_.get(), .program = program_.get()};
  os::Child child = WARREN_TRY(
      os::context(os::spawn({.flags = place.namespaces | CLONE_FILES, .cgroup = place.cgroup},
                            become_init, &birth, *stack_),
                  "cloning init"));
  // Init's is the only other end now; were this one left, its death would not be seen on the
  // socket.
  WARREN_TRY(
      os::context(os::call([&] { return ::dup3(program_.get(), control_place_.get(), O_CLOEXEC); }),
                  "clearing init's place"));
  if (birth.stage != nullptr) {
    reap(child);
    WARREN_TRY(os::context(os::KernelResult<>(std::unexpected(birth.error)), "{}", birth.stage));
  }
  return NewbornInit{.child = std::move(child), .control = std::move(sockets.first)};
}

}  // namespace warren::provider
