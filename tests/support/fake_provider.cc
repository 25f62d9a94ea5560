// SPDX-License-Identifier: Apache-2.0

#include "tests/support/fake_provider.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <future>
#include <utility>

namespace warren::test {
namespace {

using provider::Ended;

Timestamp now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Ended ended_by(const NodeId& process, std::optional<int> wait_status) {
  Ended how;
  how.process = process;
  how.at = now();
  how.wait_status = wait_status;
  return how;
}

// All stages but the last two took no time.
provider::StartStages stages_at(provider::Moment moment) {
  return {.taken = moment,
          .prepared = moment,
          .launching = moment,
          .cloning = moment,
          .began = moment,
          .built = moment,
          .spawned = provider::this_moment(),
          .known = provider::this_moment()};
}

os::UniqueFd open_file(const std::filesystem::path& path) {
  return os::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

FakeProvider::FakeProvider(std::filesystem::path log_directory)
    : log_directory_(std::move(log_directory)),
      worker_([this](std::stop_token stop) { work_off(std::move(stop)); }) {}

FakeProvider::~FakeProvider() {
  worker_.request_stop();
  worker_.join();
}

void FakeProvider::post(Work work) {
  const std::scoped_lock lock(mutex_);
  work_.push_back(std::move(work));
  changed_.notify_one();
}

void FakeProvider::work_off(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !work_.empty(); })) {
    Work work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void FakeProvider::log(const std::string& what, const NodeId& id) {
  calls_.push_back(what + " " + id.to_text());
}

void FakeProvider::end(const NodeId& process, Ended how) {
  const std::scoped_lock lock(mutex_);
  Box* box = find_process_locked(process);
  if (box == nullptr) return;
  how.process = process;
  how.at = now();
  end_locked(*box, std::move(how));
}

void FakeProvider::exit_with(const NodeId& process, int code) {
  end(process, ended_by(process, code << 8));
}

void FakeProvider::detach_observer() {
  const std::scoped_lock lock(mutex_);
  observer_ = nullptr;
  uploads_.clear();
}

void FakeProvider::settle() {
  std::promise<void> reached;
  post([&reached] { reached.set_value(); });
  reached.get_future().wait();
}

void FakeProvider::lose(const NodeId& process) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(boxes_, [&](const auto& entry) { return entry.second.process == process; });
}

void FakeProvider::finish_uploads(Result<> outcome) {
  std::vector<provider::Done<>> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting = std::exchange(uploads_, {});
  }
  for (provider::Done<>& done : waiting) done(outcome);
}

void FakeProvider::bound_uploads(std::size_t most) {
  const std::scoped_lock lock(mutex_);
  most_uploads_ = most;
}

std::size_t FakeProvider::sandboxes() const {
  const std::scoped_lock lock(mutex_);
  return boxes_.size();
}

std::size_t FakeProvider::reservations() const {
  const std::scoped_lock lock(mutex_);
  return reserved_.size();
}

void FakeProvider::exhaust() {
  const std::scoped_lock lock(mutex_);
  exhausted_ = true;
}

std::vector<std::string> FakeProvider::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::vector<provider::Check> FakeProvider::checks() const {
  return {{.name = "limit.fake", .verdict = provider::Check::Verdict::kOk, .detail = "held"}};
}

void FakeProvider::observe(provider::Observer& observer) {
  const std::scoped_lock lock(mutex_);
  observer_ = &observer;
}

Result<> FakeProvider::check(const model::JobSpec& spec) const {
  if (spec.sandbox.image == "host") return {};
  return fail(Errc::kNotFound, "there is no image '{}'", spec.sandbox.image);
}

Result<std::string> FakeProvider::plan_text(const model::JobSpec& spec) {
  return "exec " + spec.process.argv.front() + "\n";
}

Result<std::string> FakeProvider::reserve(const NodeId& sandbox, const model::SandboxSpec&,
                                          const provider::JobPlaces& places) {
  const std::scoped_lock lock(mutex_);
  if (exhausted_) return fail(Errc::kResourceExhausted, "no range of user ids is left");
  reserved_.insert(sandbox);
  return "footprint of " + sandbox.to_text() + places.group;
}

void FakeProvider::upload(const provider::JobOrder& order, provider::Done<os::UniqueFd> opened,
                          provider::Done<> unpacked) {
  bool is_full = false;
  {
    const std::scoped_lock lock(mutex_);
    log("upload", order.process);
    is_full = uploads_.size() >= most_uploads_;
    if (!is_full) uploads_.push_back(std::move(unpacked));
  }
  post([opened = std::move(opened), is_full]() mutable {
    if (is_full) return opened(fail(Errc::kResourceExhausted, "uploads are under way already"));
    opened(os::UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC)));
  });
}

void FakeProvider::start(provider::JobOrder order, provider::Done<provider::Started> done) {
  post([this, order = std::move(order), done = std::move(done)]() mutable {
    const std::vector<std::string>& argv = order.spec.process.argv;
    {
      const std::scoped_lock lock(mutex_);
      log("start", order.process);
      if (argv.front() == "fail") {
        return done(fail(Errc::kInternal, "{}: /proc: Permission denied", argv.at(1)));
      }
      Box& box = boxes_[order.sandbox];
      box.process = order.process;
      box.command = argv.front();
      box.running = true;
      box.started_at = now();
      make_logs(order.process);
    }
    provider::Started started;
    started.at = now();
    started.stages = stages_at(provider::this_moment());
    if (order.spec.process.input == model::Input::kPipe) {
      started.input = os::UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    }
    done(std::move(started));
    const std::scoped_lock lock(mutex_);
    if (Box* box = find_process_locked(order.process)) begin_locked(*box, order.spec.process);
  });
}

void FakeProvider::begin_locked(Box& box, const model::ProcessSpec& spec) {
  if (box.command == "exit")
    end_locked(box, ended_by(box.process, std::stoi(spec.argv.at(1)) << 8));
  if (box.command == "missing") {
    Ended how = ended_by(box.process, 127 << 8);
    how.failed_stage = "execute";
    how.message = "execute: missing: No such file or directory";
    end_locked(box, std::move(how));
  }
}

void FakeProvider::end_locked(Box& box, Ended how) {
  if (!std::exchange(box.running, false)) return;
  if (observer_ == nullptr) {
    box.unreported = std::move(how);
    return;
  }
  work_.push_back([this, how = std::move(how)]() mutable {
    const std::scoped_lock lock(mutex_);
    if (observer_ != nullptr) observer_->ended(std::move(how));
  });
  changed_.notify_one();
}

void FakeProvider::receive_locked(Box& box, int signal) {
  if (box.command == "stubborn" && signal != SIGKILL) return;
  if (box.frozen && signal != SIGKILL) return box.pending.push_back(signal);
  end_locked(box, ended_by(box.process, signal));
}

void FakeProvider::take_input(const NodeId& sandbox, provider::Done<os::UniqueFd> done) {
  post([this, sandbox, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      log("take-input", sandbox);
    }
    done(os::UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC)));
  });
}

void FakeProvider::release_input(const NodeId& sandbox) {
  const std::scoped_lock lock(mutex_);
  log("release-input", sandbox);
}

void FakeProvider::dial(const NodeId&, std::uint16_t, provider::Done<os::UniqueFd> done) {
  post([done = std::move(done)]() mutable { done(fail(Errc::kUnavailable, "nobody listens")); });
}

void FakeProvider::signal(const NodeId& sandbox, int signal, provider::Done<> done) {
  post([this, sandbox, signal, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      log("signal " + std::to_string(signal), sandbox);
      const auto box = boxes_.find(sandbox);
      if (box != boxes_.end()) receive_locked(box->second, signal);
    }
    done({});
  });
}

void FakeProvider::kill(const NodeId& sandbox, provider::Done<> done) {
  signal(sandbox, SIGKILL, std::move(done));
}

void FakeProvider::freeze(const NodeId& sandbox, provider::Done<> done) {
  post([this, sandbox, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      log("freeze", sandbox);
      boxes_[sandbox].frozen = true;
    }
    done({});
  });
}

void FakeProvider::thaw(const NodeId& sandbox, provider::Done<> done) {
  post([this, sandbox, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      const auto box = boxes_.find(sandbox);
      if (box != boxes_.end()) {
        box->second.frozen = false;
        for (const int signal : std::exchange(box->second.pending, {})) {
          receive_locked(box->second, signal);
        }
      }
    }
    done({});
  });
}

void FakeProvider::destroy(const NodeId& sandbox, provider::Done<> done) {
  post([this, sandbox, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      log("destroy", sandbox);
      boxes_.erase(sandbox);
      reserved_.erase(sandbox);
    }
    done({});
  });
}

void FakeProvider::usage(std::vector<NodeId> sandboxes,
                         provider::Done<std::vector<model::Usage>> done) {
  post([sandboxes = std::move(sandboxes), done = std::move(done)]() mutable {
    std::vector<model::Usage> readings(sandboxes.size());
    for (model::Usage& usage : readings) usage.cpu_usec = 42;
    done(std::move(readings));
  });
}

void FakeProvider::look(const NodeId& sandbox, provider::Done<provider::Whereabouts> done) {
  post([sandbox, done = std::move(done)]() mutable {
    done(provider::Whereabouts{
        .pid = 7, .cgroup = "/fake/" + sandbox.to_text(), .attached = {7, 8}});
  });
}

std::filesystem::path FakeProvider::log_path(const NodeId& process, const char* name) const {
  return log_directory_ / (process.to_text() + name);
}

void FakeProvider::make_logs(const NodeId& process) {
  std::ofstream(log_path(process, ".stdout")) << "hello\n";
  std::ofstream(log_path(process, ".stderr")) << "";
  std::ofstream(log_path(process, ".index")) << "index";
}

Result<provider::LogFiles> FakeProvider::open_log(const NodeId& process) {
  if (!std::filesystem::exists(log_path(process, ".stdout"))) {
    return fail(Errc::kNotFound, "there is no output");
  }
  return provider::LogFiles{.stdout_file = open_file(log_path(process, ".stdout")),
                            .stderr_file = open_file(log_path(process, ".stderr")),
                            .index = open_file(log_path(process, ".index")),
                            .event = {}};
}

void FakeProvider::remove_log(const NodeId& process, provider::Done<> done) {
  post([this, process, done = std::move(done)]() mutable {
    for (const char* name : {".stdout", ".stderr", ".index"}) {
      std::filesystem::remove(log_path(process, name));
    }
    done({});
  });
}

void FakeProvider::adopt(std::vector<Adoption> sandboxes, Sweep sweep,
                         provider::Done<std::vector<Adoption>> done) {
  post([this, claims = std::move(sandboxes), sweep, done = std::move(done)]() mutable {
    {
      const std::scoped_lock lock(mutex_);
      std::erase_if(boxes_, [&](const auto& entry) {
        return sweep == Sweep::kYes &&
               std::ranges::find(claims, entry.first, &Adoption::sandbox) == claims.end();
      });
      for (Adoption& claim : claims) {
        const auto box = boxes_.find(claim.sandbox);
        if (box == boxes_.end()) continue;
        claim.started = true;
        claim.running = box->second.running;
        claim.started_at = box->second.started_at;
        if (!box->second.unreported) continue;
        box->second.running = true;
        end_locked(box->second, *box->second.unreported);
        box->second.unreported.reset();
      }
    }
    done(std::move(claims));
  });
}

void FakeProvider::close(provider::Done<> done) {
  post([done = std::move(done)]() mutable { done({}); });
}

FakeProvider::Box* FakeProvider::find_process_locked(const NodeId& process) {
  for (auto& [sandbox, box] : boxes_) {
    if (box.process == process) return &box;
  }
  return nullptr;
}

}  // namespace warren::test
