// SPDX-License-Identifier: Apache-2.0

#include "client/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <span>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/program.h"

namespace warren::client {
namespace {

struct Streams {
  int output;
  int errors;
};

// Starts `program` with these as its standard output and error.
Result<pid_t> spawn_into(const os::Program& program, std::vector<char*> arguments,
                         const Streams& streams) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, streams.errors, STDERR_FILENO);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, program.path().c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return os::context(os::KernelResult<pid_t>(std::unexpected(os::Errno{error})), "starting {}",
                     program.name());
}

Result<std::string> read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const std::size_t count =
        WARREN_TRY(os::context(os::read_some(fd, std::as_writable_bytes(std::span(buffer))),
                               "reading what a program says"));
    if (count == 0) return text;
    text.append(buffer.data(), count);
  }
}

// A file in memory: a program that complains at length does not wait for us to read it.
Result<os::UniqueFd> make_file_of_complaints() {
  return os::context(os::call_for_fd([] { return ::memfd_create("complaints", MFD_CLOEXEC); }),
                     "making a file in memory");
}

// What one of our programs has complained of in its last line, without the name before it.
std::string last_complaint(int file) {
  std::string text;
  if (::lseek(file, 0, SEEK_SET) == 0) text = read_to_end(file).value_or("");
  while (text.ends_with('\n')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  if (constexpr std::string_view kPrefix = "warren: "; text.starts_with(kPrefix)) {
    text.erase(0, kPrefix.size());
  }
  return text;
}

}  // namespace

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Result<> become(std::string_view name, std::vector<std::string> arguments) {
  const os::Program program = WARREN_TRY(os::Program::find(name));
  arguments.insert(arguments.begin(), program.name());
  return os::context(
      os::call([&] { return ::execv(program.path().c_str(), pointers_to(arguments).data()); }),
      "starting {}", program.name());
}

Result<std::string> output_of(std::string_view name, std::vector<std::string> arguments) {
  const os::Program program = WARREN_TRY(os::Program::find(name));
  arguments.insert(arguments.begin(), program.name());
  int ends[2];
  WARREN_TRY(os::context(os::call([&] { return ::pipe2(ends, O_CLOEXEC); }), "creating a pipe"));
  const os::UniqueFd reader(ends[0]);
  os::UniqueFd writer(ends[1]);
  const os::UniqueFd complaints = WARREN_TRY(make_file_of_complaints());
  const pid_t pid = WARREN_TRY(spawn_into(program, pointers_to(arguments),
                                          {.output = writer.get(), .errors = complaints.get()}));
  writer.reset();
  auto text = read_to_end(reader.get());
  int status = 0;
  WARREN_TRY(os::context(os::call([&] { return ::waitpid(pid, &status, 0); }), "waiting for {}",
                         program.name()));
  if (!text || status == 0) return text;
  const std::string reason = last_complaint(complaints.get());
  if (!reason.empty()) return fail(Errc::kUnavailable, "{}", reason);
  return fail(Errc::kUnavailable, "{} failed", program.name());
}

}  // namespace warren::client
