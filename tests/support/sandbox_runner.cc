// SPDX-License-Identifier: Apache-2.0

#include "tests/support/sandbox_runner.h"

#include <gtest/gtest.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "os/file.h"
#include "provider/local/local_provider.h"

namespace warren::test {
namespace {

// The long campaigns have longer commands.
const std::chrono::seconds kDeadline{std::getenv("WARREN_SOAK") != nullptr ? 1200 : 120};

std::string read_file(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  ::lseek(fd, 0, SEEK_SET);  // It may have been read before, when it was shorter.
  while (done < text.size()) {
    const auto count = os::read_some(fd, std::as_writable_bytes(std::span(text)).subspan(done));
    if (!count || *count == 0) break;
    done += *count;
  }
  text.resize(done);
  return text;
}

template <typename T>
T await(std::future<T> future) {
  if (future.wait_for(kDeadline) != std::future_status::ready) {
    throw std::runtime_error("the provider does not answer");
  }
  return future.get();
}

// A completion and the future of its value.
template <typename T>
std::pair<provider::Done<T>, std::future<Result<T>>> completion() {
  std::promise<Result<T>> promise;
  auto future = promise.get_future();
  return {[promise = std::move(promise)](Result<T> value) mutable {
            promise.set_value(std::move(value));
          },
          std::move(future)};
}

void expect_done(std::future<Result<>> future) {
  const auto done = await(std::move(future));
  EXPECT_TRUE(done) << done.error().message;
}

}  // namespace

struct SandboxRunner::Ends {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<NodeId, provider::Ended> by_process;
};

int Outcome::exit_code() const {
  if (!ended.wait_status || !WIFEXITED(*ended.wait_status)) return -1;
  return WEXITSTATUS(*ended.wait_status);
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  const auto tasks = fmt::format("/proc/{}/task", parent);
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::ifstream children(task.path() / "children");
    for (pid_t child; children >> child;) found.push_back(child);
  }
  std::ranges::sort(found);
  return found;
}

std::vector<pid_t> inits_of(pid_t engine) {
  std::vector<pid_t> inits;
  for (const pid_t child : children_of(engine)) {
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/cmdline", child)), name, '\0');
    // One that still waits for a sandbox has started nothing.
    if (name == "warren-init" && !children_of(child).empty()) inits.push_back(child);
  }
  return inits;
}

std::filesystem::path make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "warren-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return name;
}

SandboxRunner::SandboxRunner(std::function<void(plan::LaunchPlan&)> amend)
    : directory_(make_directory()), ends_(std::make_unique<Ends>()) {
  open(std::move(amend));
}

SandboxRunner::SandboxRunner(std::filesystem::path directory)
    : directory_(std::move(directory)), ends_(std::make_unique<Ends>()) {
  open({});
}

void SandboxRunner::open(std::function<void(plan::LaunchPlan&)> amend) {
  std::filesystem::create_directory(directory_ / "state");
  std::filesystem::create_directory(directory_ / "run");
  if (!os::raise_descriptor_limit()) throw std::runtime_error("setrlimit");
  provider::LocalOptions options;
  options.state_dir = directory_ / "state";
  options.runtime_dir = directory_ / "run";
  options.amend_plan = std::move(amend);
  auto created = provider::create_local(options);
  if (!created) throw std::runtime_error(created.error().message);
  provider_ = *std::move(created);
  provider_->observe(*this);
}

SandboxRunner::~SandboxRunner() {
  // What a failed test has left.
  while (!live_.empty()) destroy({.sandbox = *live_.begin(), .process = {}});
  auto [done, future] = completion<void>();
  provider_->close(std::move(done));
  expect_done(std::move(future));
  provider_.reset();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  EXPECT_FALSE(error) << error.message();
}

NodeId SandboxRunner::next_id() {
  std::array<std::uint8_t, 10> random{};
  if (::getrandom(random.data(), random.size(), 0) < 0) throw std::runtime_error("getrandom");
  return NodeId::make(
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()),
      random);
}

void SandboxRunner::ended(provider::Ended how) {
  const std::lock_guard lock(ends_->mutex);
  const NodeId process = how.process;
  ends_->by_process.insert_or_assign(process, std::move(how));
  ends_->changed.notify_all();
}

std::future<Running> SandboxRunner::begin(const model::JobSpec& spec, std::vector<NodeId> ancestors,
                                          Handover handover) {
  provider::JobOrder order;
  order.sandbox = next_id();
  order.process = next_id();
  order.spec = spec;
  order.ancestors = std::move(ancestors);
  order.footprint = provider_->reserve(order.sandbox, spec.sandbox, places_).value();
  order.output_link = places_.output_link;
  Running running{.sandbox = order.sandbox, .process = order.process, .footprint = order.footprint};
  std::promise<Running> promise;
  auto future = promise.get_future();
  live_.insert(order.sandbox);
  auto done = [this, handover, running = std::move(running),
               promise = std::move(promise)](Result<provider::Started> started) mutable {
    running.started = std::move(started);
    if (handover == Handover::kAtOnce) release_input(running);
    promise.set_value(std::move(running));
  };
  provider_->start(std::move(order), std::move(done));
  return future;
}

Running SandboxRunner::start(const model::JobSpec& spec, std::vector<NodeId> ancestors,
                             Handover handover) {
  return await(begin(spec, std::move(ancestors), handover));
}

Outcome SandboxRunner::finish(Running running) {
  Outcome outcome;
  outcome.ended = wait(running);
  read_output(running, outcome);
  destroy(running);
  outcome.started = std::move(running.started);
  return outcome;
}

Outcome SandboxRunner::run(const model::JobSpec& spec) {
  return finish(start(spec));
}

Outcome SandboxRunner::run_shell(const std::string& script) {
  return run(shell(script));
}

provider::Ended SandboxRunner::wait(const Running& running) {
  std::unique_lock lock(ends_->mutex);
  const auto is_there = [&] { return ends_->by_process.contains(running.process); };
  if (running.started && !ends_->changed.wait_for(lock, kDeadline, is_there)) {
    throw std::runtime_error("the command does not end");
  }
  return is_there() ? ends_->by_process.at(running.process) : provider::Ended();
}

Result<os::UniqueFd> SandboxRunner::take_input(const Running& running) {
  auto [done, future] = completion<os::UniqueFd>();
  provider_->take_input(running.sandbox, std::move(done));
  return await(std::move(future));
}

void SandboxRunner::release_input(const Running& running) {
  provider_->release_input(running.sandbox);
}

Result<os::UniqueFd> SandboxRunner::dial(const Running& running, std::uint16_t port) {
  auto [done, future] = completion<os::UniqueFd>();
  provider_->dial(running.sandbox, port, std::move(done));
  return await(std::move(future));
}

void SandboxRunner::signal(const Running& running, int signal) {
  auto [done, future] = completion<void>();
  provider_->signal(running.sandbox, signal, std::move(done));
  expect_done(std::move(future));
}

void SandboxRunner::kill(const Running& running) {
  auto [done, future] = completion<void>();
  provider_->kill(running.sandbox, std::move(done));
  expect_done(std::move(future));
}

void SandboxRunner::freeze(const Running& running) {
  auto [done, future] = completion<void>();
  provider_->freeze(running.sandbox, std::move(done));
  expect_done(std::move(future));
}

void SandboxRunner::destroy(const Running& running) {
  auto [done, future] = completion<void>();
  provider_->destroy(running.sandbox, std::move(done));
  expect_done(std::move(future));
  live_.erase(NodeId(running.sandbox));
}

void SandboxRunner::remove_log(const Running& running) {
  auto [done, future] = completion<void>();
  provider_->remove_log(running.process, std::move(done));
  expect_done(std::move(future));
}

Result<provider::Whereabouts> SandboxRunner::look(const Running& running) {
  auto [done, future] = completion<provider::Whereabouts>();
  provider_->look(running.sandbox, std::move(done));
  return await(std::move(future));
}

void SandboxRunner::read_output(const Running& running, Outcome& outcome) {
  const auto log = provider_->open_log(running.process);
  if (!log) return;
  outcome.out = read_file(log->stdout_file.get());
  outcome.err = read_file(log->stderr_file.get());
}

std::string SandboxRunner::await_output(const Running& running, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  const auto log = provider_->open_log(running.process).value();
  for (;;) {
    std::string output = read_file(log.stdout_file.get());
    if (output.contains(text)) return output;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no " + text);
    std::this_thread::yield();
  }
}

std::vector<LogRecord> SandboxRunner::index_of(const NodeId& process) {
  const std::string bytes = read_file(provider_->open_log(process).value().index.get());
  EXPECT_EQ(bytes.size() % sizeof(LogRecord), 0U);
  std::vector<LogRecord> records(bytes.size() / sizeof(LogRecord));
  std::memcpy(records.data(), bytes.data(), records.size() * sizeof(LogRecord));
  return records;
}

std::vector<provider::Provider::Adoption> SandboxRunner::adopt(const std::vector<Running>& left) {
  return try_adopt(left).value();
}

Result<std::vector<provider::Provider::Adoption>> SandboxRunner::try_adopt(
    const std::vector<Running>& left) {
  std::vector<provider::Provider::Adoption> remembered;
  for (const Running& running : left) {
    live_.insert(running.sandbox);
    remembered.push_back({.sandbox = running.sandbox,
                          .process = running.process,
                          .footprint = running.footprint,
                          .started_at = std::nullopt});
  }
  auto [done, future] = completion<std::vector<provider::Provider::Adoption>>();
  provider_->adopt(std::move(remembered), provider::Provider::Sweep::kYes, std::move(done));
  return await(std::move(future));
}

model::JobSpec shell(const std::string& script) {
  model::JobSpec spec;
  spec.process.argv = {"/bin/sh", "-c", script};
  return spec;
}

}  // namespace warren::test
