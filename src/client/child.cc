// SPDX-License-Identifier: Apache-2.0

#include "client/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include "base/duration.h"
#include "client/program.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"
#include "os/program.h"

namespace warren::client {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kStackSize = std::size_t{64} << 10;
constexpr int kNotExecuted = 127;
constexpr int kThird = 3;
constexpr int kAboveAll = 10;

// What the child needs, which it finds in this program's memory.
struct Birth {
  const char* program;
  char* const* arguments;
  char* const* environment;
  pid_t parent;
  int null;    // Open on /dev/null.
  int report;  // The write end.
  SaysOn says_on;
  EndsWithUs ends_with_us;
  int error = 0;  // Why it was not born: it writes here before this program goes on.
};

// Both were opened above all that they are to become.
bool arrange_descriptors(const Birth& birth) {
  const bool says_on_three = birth.says_on != SaysOn::kStdout;
  const bool has_log = birth.says_on == SaysOn::kThree;
  const int report_to = says_on_three ? kThird : STDOUT_FILENO;
  if (::dup2(birth.null, STDIN_FILENO) < 0 || ::dup2(birth.report, report_to) < 0) return false;
  if (says_on_three && ::dup2(birth.null, STDOUT_FILENO) < 0) return false;
  if (has_log && ::dup2(birth.null, STDERR_FILENO) < 0) return false;
  const int last = says_on_three ? kThird : STDERR_FILENO;
  return os::close_on_exec_from(static_cast<unsigned>(last) + 1).has_value();
}

// prctl(2): the signal comes when the thread that made this child ends. A parent that was quicker
// is no longer the parent.
bool die_with(pid_t parent) {
  return ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == parent;
}

bool prepare(const Birth& birth) {
  sigset_t none;
  os::reset_signal_dispositions();
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 && ::setsid() >= 0 &&
         arrange_descriptors(birth) && ::chdir("/") == 0 &&
         (birth.ends_with_us == EndsWithUs::kNo || die_with(birth.parent));
}

int be_born(void* argument) {
  Birth& birth = *static_cast<Birth*>(argument);
  if (prepare(birth)) ::execve(birth.program, birth.arguments, birth.environment);
  birth.error = errno;
  return kNotExecuted;
}

struct Pipe {
  os::UniqueFd reader;
  os::UniqueFd writer;
};

// Above the descriptors that a child gets, whichever of them are free here.
Result<os::UniqueFd> above_the_childs(int fd) {
  return os::context(os::call_for_fd([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, kAboveAll); }),
                     "copying a descriptor");
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  WARREN_TRY(
      os::context(os::call([&] { return ::pipe2(ends.data(), O_CLOEXEC); }), "creating a pipe"));
  const os::UniqueFd writer(ends[1]);
  Pipe pipe{.reader = os::UniqueFd(ends[0]), .writer = {}};
  pipe.writer = WARREN_TRY(above_the_childs(writer.get()));
  return pipe;
}

Result<os::UniqueFd> open_null() {
  const os::UniqueFd null = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }), "/dev/null"));
  return above_the_childs(null.get());
}

// Whether `fd` became readable in time.
Result<bool> wait_for(int fd, milliseconds patience) {
  pollfd interest{.fd = fd, .events = POLLIN, .revents = 0};
  const auto wait = [&] { return ::poll(&interest, 1, static_cast<int>(patience.count())); };
  return WARREN_TRY(os::context(os::call_for<int>(wait), "waiting for a program")) > 0;
}

}  // namespace

Result<Child> Child::start(ChildOrder order) {
  const os::Program program = WARREN_TRY(os::Program::find(order.program));
  order.arguments.insert(order.arguments.begin(), program.name());
  const os::UniqueFd null = WARREN_TRY(open_null());
  Pipe pipe = WARREN_TRY(make_pipe());
  const std::vector<char*> arguments = pointers_to(order.arguments);
  const std::vector<char*> environment = pointers_to(order.environment);
  Birth birth{.program = program.path().c_str(),
              .arguments = arguments.data(),
              .environment = environment.data(),
              .parent = ::getpid(),
              .null = null.get(),
              .report = pipe.writer.get(),
              .says_on = order.says_on,
              .ends_with_us = order.ends_with_us};
  const auto stack = std::make_unique<std::array<std::byte, kStackSize>>();
  os::Child born =
      WARREN_TRY(os::context(os::spawn({}, be_born, &birth, *stack), "starting {}", order.program));
  Child child(born.pid, std::move(born.pidfd), std::move(pipe.reader));
  if (birth.error == 0) return child;
  WARREN_TRY(child.wait());
  return fail(Errc::kUnavailable, "starting {}: {}", program.name(),
              os::message(os::Errno{birth.error}));
}

Result<std::string> Child::first_line(milliseconds patience) {
  const auto last = std::chrono::steady_clock::now() + patience;
  std::string said;
  std::array<char, 1024> buffer;
  while (!said.contains('\n')) {
    const auto left = std::chrono::ceil<milliseconds>(last - std::chrono::steady_clock::now());
    if (!WARREN_TRY(wait_for(report_.get(), std::max(left, milliseconds(0))))) {
      WARREN_TRY(end(milliseconds(0)));
      return fail(Errc::kUnavailable, "it has said nothing for {} and was ended",
                  warren::to_text(patience));
    }
    const std::size_t count = WARREN_TRY(
        os::context(os::read_some(report_.get(), std::as_writable_bytes(std::span(buffer))),
                    "reading what a program says"));
    if (count == 0) break;
    said.append(buffer.data(), count);
  }
  return said.substr(0, said.find('\n'));
}

std::optional<int> Child::reap() {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  return status;
}

Result<int> Child::wait() {
  int status = 0;
  WARREN_TRY(os::context(os::call([&] { return ::waitpid(pid_, &status, 0); }),
                         "waiting for a program to end"));
  pid_ = 0;
  return status;
}

Result<int> Child::end(milliseconds patience) {
  std::ignore = os::send_signal(pidfd_.get(), SIGTERM);  // It may have ended by itself.
  if (!WARREN_TRY(wait_for(pidfd_.get(), patience))) {
    std::ignore = os::send_signal(pidfd_.get(), SIGKILL);
  }
  return wait();
}

std::string end_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return fmt::format("was ended by signal {}", WTERMSIG(wait_status));
  }
  return fmt::format("exited with {}", WEXITSTATUS(wait_status));
}

}  // namespace warren::client
