// SPDX-License-Identifier: Apache-2.0
//
// Performed by the child that becomes the command. It shares init's memory until it executes, so
// nothing here may change what init still needs.

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/steps.h"
#include "os/call.h"
#include "os/credentials.h"
#include "os/process.h"

namespace warren::init::steps {
namespace {

// Arguments and variables, each ended by a null. In init's memory, not on the child's small stack:
// init starts one command at a time.
char* texts[plan::kMostTexts + 2];

template <typename T>
std::span<const T> values(const plan::StepView& step) noexcept {
  return {reinterpret_cast<const T*>(step.data().data()), step.data().size() / sizeof(T)};
}

// Whether the search for a command goes on after this error, as execvp(3) does it.
bool is_elsewhere(int error) noexcept {
  return error == ENOENT || error == ENOTDIR;
}

}  // namespace

os::KernelResult<> new_session(Sandbox& /*sandbox*/, const plan::StepView& /*step*/) noexcept {
  return os::call([] { return ::setsid(); });
}

os::KernelResult<> install(Sandbox& sandbox, const plan::StepView& step) noexcept {
  const int from = sandbox.slots.get(step.slot());
  const int to = static_cast<int>(step.a());
  return os::call([&] { return ::syscall(SYS_dup3, from, to, 0); });
}

os::KernelResult<> set_rlimit(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  const auto resource = static_cast<int>(step.a());
  rlimit now{};
  if (const auto read = os::call([&] { return ::getrlimit(resource, &now); }); !read) return read;
  const char* soft = step.text();
  const char* hard = plan::StepView::next(soft);
  rlimit wanted{.rlim_cur = ::strtoull(soft, nullptr, 10),
                .rlim_max = ::strtoull(hard, nullptr, 10)};
  // Raising the hard limit takes CAP_SYS_RESOURCE, which even the host's root may lack.
  if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
  if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
  return os::call([&] { return ::setrlimit(resource, &wanted); });
}

os::KernelResult<> set_affinity(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::set_affinity(values<std::uint32_t>(step));
}

os::KernelResult<> set_umask(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  ::umask(static_cast<mode_t>(step.a()));
  return {};
}

os::KernelResult<> change_directory(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  if (const auto done = os::call([&] { return ::chdir(step.text()); }); !done) return done;
  // getcwd(2) reports a directory outside the root as "(unreachable)...".
  char path[PATH_MAX];
  const auto length =
      os::call_for<std::size_t>([&] { return ::syscall(SYS_getcwd, path, sizeof path); });
  if (!length) return std::unexpected(length.error());
  return path[0] == '/' ? os::KernelResult<>() : std::unexpected(os::Errno{EXDEV});
}

os::KernelResult<> set_groups(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::set_groups(values<std::uint32_t>(step));
}

os::KernelResult<> set_capabilities(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::set_capabilities(step.a());
}

os::KernelResult<> no_new_privileges(Sandbox& /*sandbox*/,
                                     const plan::StepView& /*step*/) noexcept {
  return os::forbid_new_privileges();
}

os::KernelResult<> close_from(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::close_from(static_cast<unsigned>(step.a()), os::Unshare::kNo);
}

os::KernelResult<> seccomp(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  return os::install_filter(step.data());
}

os::KernelResult<> execute(Sandbox& /*sandbox*/, const plan::StepView& step) noexcept {
  const std::size_t arguments = step.a();
  const std::size_t variables = step.b();
  const std::size_t count = step.strings();
  if (count > plan::kMostTexts || arguments + variables > count) {
    return std::unexpected(os::Errno{E2BIG});
  }
  const std::size_t candidates = count - arguments - variables;
  // argv, a null, envp, a null; the candidates are tried straight from the plan.
  const char* text = step.text();
  for (std::size_t index = 0; index < candidates; ++index) text = plan::StepView::next(text);
  std::size_t used = 0;
  for (std::size_t index = 0; index < arguments + variables; ++index) {
    if (index == arguments) texts[used++] = nullptr;
    texts[used++] = const_cast<char*>(text);
    text = plan::StepView::next(text);
  }
  if (variables == 0) texts[used++] = nullptr;
  texts[used] = nullptr;

  int error = ENOENT;
  const char* candidate = step.text();
  for (std::size_t index = 0; index < candidates; ++index) {
    ::execve(candidate, texts, texts + arguments + 1);
    if (!is_elsewhere(errno) && errno != EACCES) return os::last_error();
    if (errno == EACCES) error = EACCES;
    candidate = plan::StepView::next(candidate);
  }
  return std::unexpected(os::Errno{error});
}

}  // namespace warren::init::steps
