// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/left_behind.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <sstream>

#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"

namespace warren::test {
namespace {

std::string to_line(const Running& running) {
  return running.sandbox.to_text() + " " + running.process.to_text() + " " + running.footprint +
         "\n";
}

// A process with a provider on `directory` that starts `specs`, tells the parent and waits for its
// violent end.
[[noreturn]] void be_an_engine(const std::filesystem::path& directory,
                               const std::vector<model::JobSpec>& specs, const Manner& manner,
                               const os::Pipe& pipe) {
  SandboxRunner runner(directory);
  runner.set_places(manner.places);
  std::vector<Running> running;
  std::vector<NodeId> ancestors;
  for (const model::JobSpec& spec : specs) {
    running.push_back(runner.start(spec, ancestors, manner.handover));
    if (manner.nested == Nested::kYes) ancestors.push_back(running.back().sandbox);
    if (!running.back().started) ::_exit(1);
    if (spec.process.input == model::Input::kNull) {
      std::ignore = runner.await_output(running.back(), "ready\n");
    }
    const std::string line = to_line(running.back());
    if (!os::write_all(pipe.write.get(), std::as_bytes(std::span(line)))) ::_exit(1);
  }
  const std::string end = ".\n";
  std::ignore = os::write_all(pipe.write.get(), std::as_bytes(std::span(end)));
  for (;;) ::pause();
}

// Adds the paths below `directory` whose names contain `name`, but for logs, which are kept.
// Directories may come and go meanwhile.
void find_named(const std::filesystem::path& directory, const std::string& name,
                std::vector<std::string>& found) {
  std::error_code gone;
  std::filesystem::directory_iterator entries(directory, gone);
  for (; !gone && entries != end(entries); entries.increment(gone)) {
    const std::filesystem::path path = entries->path();
    if (path.filename() == "logs") continue;
    if (path.filename().string().contains(name)) found.push_back(path.string());
    std::error_code unknown;
    if (entries->is_directory(unknown) && !entries->is_symlink(unknown)) {
      find_named(path, name, found);
    }
  }
}

}  // namespace

std::vector<Running> from_lines(const std::string& text) {
  std::vector<Running> left;
  std::istringstream lines(text);
  std::string sandbox;
  std::string process;
  std::string footprint;
  while (std::getline(lines >> sandbox >> process >> std::ws, footprint)) {
    left.push_back({.sandbox = NodeId::parse(sandbox).value(),
                    .process = NodeId::parse(process).value(),
                    .footprint = footprint,
                    .started = {}});
  }
  return left;
}

void await_death(const os::UniqueFd& init) {
  pollfd end{.fd = init.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&end, 1, 20'000), 1) << "it does not end";
  siginfo_t status{};
  ::waitid(P_PIDFD, static_cast<id_t>(init.get()), &status, WEXITED);
}

Left::~Left() {
  for (const os::UniqueFd& init : inits) await_death(init);
}

Left leave_behind(const std::filesystem::path& directory, const std::vector<model::JobSpec>& specs,
                  const Manner& manner) {
  EXPECT_TRUE(os::become_subreaper());  // The inits become children of this process.
  os::Pipe pipe = os::make_pipe().value();
  const pid_t engine = ::fork();  // This process has no other threads yet.
  if (engine == 0) be_an_engine(directory, specs, manner, pipe);
  pipe.write.reset();
  std::string told;
  std::array<char, 4096> buffer;
  while (!told.ends_with(".\n")) {
    const auto count =
        os::read_some(pipe.read.get(), std::as_writable_bytes(std::span(buffer))).value_or(0);
    if (count == 0) break;
    told.append(buffer.data(), count);
  }
  EXPECT_THAT(told, ::testing::EndsWith(".\n"));
  Left left;
  left.commands = from_lines(told.substr(0, told.size() - 2));
  for (const pid_t init : inits_of(engine)) left.inits.push_back(os::open_process(init).value());
  EXPECT_EQ(left.commands.size(), specs.size());
  EXPECT_EQ(left.inits.size(), specs.size());
  ::kill(engine, SIGKILL);
  ::waitpid(engine, nullptr, 0);
  return left;
}

model::JobSpec patient(int code) {
  return shell(fmt::format(
      "trap 'echo caught; exit {}' TERM; tail -f /dev/null & echo ready; wait; exit 99", code));
}

model::JobSpec bereaved(int code) {
  model::JobSpec spec = shell(fmt::format("cat; echo late; exit {}", code));
  spec.process.input = model::Input::kPipe;
  return spec;
}

std::vector<std::string> traces_of(const NodeId& sandbox, const std::filesystem::path& directory) {
  std::vector<std::string> traces;
  find_named("/sys/fs/cgroup", sandbox.to_text(), traces);
  find_named(directory, sandbox.to_text(), traces);
  return traces;
}

}  // namespace warren::test
