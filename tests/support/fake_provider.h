// SPDX-License-Identifier: Apache-2.0
//
// A provider without a kernel: commands are rows of a table, which outlives the engines that use
// it. What a command does is its own text: "exit N" ends at once, "fail WORD" cannot be started,
// "missing" is no program, "stubborn" ignores every signal but SIGKILL, anything else runs until it
// is signaled or the test ends it.

#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "provider/provider.h"

namespace warren::test {

class FakeProvider final : public provider::Provider {
 public:
  explicit FakeProvider(std::filesystem::path log_directory);
  ~FakeProvider() override;

  // What tests do and see. Safe from any thread.
  void end(const NodeId& process, provider::Ended how);
  void exit_with(const NodeId& process, int code);
  // Ends reach nobody until the next adopt(), as while no engine runs.
  void detach_observer();
  void settle();                     // Waits until everything that was asked for has been answered.
  void lose(const NodeId& process);  // Its init is gone without a trace.
  void finish_uploads(Result<> outcome);
  void bound_uploads(std::size_t most);            // So many at a time from now on.
  void exhaust();                                  // No sandbox can be reserved from now on.
  [[nodiscard]] std::size_t sandboxes() const;     // Made and not destroyed.
  [[nodiscard]] std::size_t reservations() const;  // The same, counted from reserve().
  [[nodiscard]] std::vector<std::string> calls() const;

  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] std::vector<provider::Check> checks() const override;
  void observe(provider::Observer& observer) override;
  [[nodiscard]] Result<> check(const model::JobSpec& spec) const override;
  [[nodiscard]] Result<std::string> plan_text(const model::JobSpec& spec) override;
  [[nodiscard]] Result<std::string> reserve(const NodeId& sandbox, const model::SandboxSpec& spec,
                                            const provider::JobPlaces& places) override;
  void upload(const provider::JobOrder& order, provider::Done<os::UniqueFd> opened,
              provider::Done<> unpacked) override;
  void start(provider::JobOrder order, provider::Done<provider::Started> done) override;
  void take_input(const NodeId& sandbox, provider::Done<os::UniqueFd> done) override;
  void release_input(const NodeId& sandbox) override;
  void dial(const NodeId& sandbox, std::uint16_t port, provider::Done<os::UniqueFd> done) override;
  void signal(const NodeId& sandbox, int signal, provider::Done<> done) override;
  void kill(const NodeId& sandbox, provider::Done<> done) override;
  void freeze(const NodeId& sandbox, provider::Done<> done) override;
  void thaw(const NodeId& sandbox, provider::Done<> done) override;
  void destroy(const NodeId& sandbox, provider::Done<> done) override;
  void usage(std::vector<NodeId> sandboxes,
             provider::Done<std::vector<model::Usage>> done) override;
  void look(const NodeId& sandbox, provider::Done<provider::Whereabouts> done) override;
  [[nodiscard]] Result<provider::LogFiles> open_log(const NodeId& process) override;
  void remove_log(const NodeId& process, provider::Done<> done) override;
  void adopt(std::vector<Adoption> sandboxes, Sweep sweep,
             provider::Done<std::vector<Adoption>> done) override;
  void close(provider::Done<> done) override;

 private:
  struct Box {
    NodeId process;
    std::string command;
    bool running = false;
    bool frozen = false;
    std::vector<int> pending;  // Signals that wait for a thaw.
    Timestamp started_at{};
    std::optional<provider::Ended> unreported;
  };
  using Work = std::move_only_function<void()>;

  void post(Work work);
  void work_off(std::stop_token stop);
  void log(const std::string& what, const NodeId& id);
  void end_locked(Box& box, provider::Ended how);
  void receive_locked(Box& box, int signal);
  void begin_locked(Box& box, const model::ProcessSpec& spec);
  void make_logs(const NodeId& process);
  [[nodiscard]] std::filesystem::path log_path(const NodeId& process, const char* name) const;
  [[nodiscard]] Box* find_process_locked(const NodeId& process);

  std::filesystem::path log_directory_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  provider::Observer* observer_ = nullptr;
  std::map<NodeId, Box> boxes_;
  std::set<NodeId> reserved_;
  bool exhausted_ = false;
  std::vector<std::string> calls_;
  std::vector<provider::Done<>> uploads_;
  std::size_t most_uploads_ = 32;
  std::deque<Work> work_;
  std::jthread worker_;  // Last: it uses everything above.
};

}  // namespace warren::test
