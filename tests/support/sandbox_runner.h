// SPDX-License-Identifier: Apache-2.0
//
// Runs commands in real sandboxes of the local provider, without engine and store: for the tests of
// the launch path and of the security promises.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log_index.h"
#include "model/spec.h"
#include "plan/launch_plan.h"
#include "provider/provider.h"

namespace warren::test {

struct Outcome {
  Result<provider::Started> started = fail(Errc::kInternal, "not started");
  provider::Ended ended;
  std::string out;
  std::string err;

  // -1 when it did not exit by itself.
  [[nodiscard]] int exit_code() const;
};

// A command whose start has been tried, and its sandbox.
struct Running {
  NodeId sandbox;
  NodeId process;
  std::string footprint = {};
  Result<provider::Started> started = fail(Errc::kInternal, "not started");
};

// Whether the command's input is handed over as soon as it has started, as engines do it once their
// client has it, or stays with the sandbox until release_input().
enum class Handover : bool { kLater, kAtOnce };

class SandboxRunner final : private provider::Observer {
 public:
  // With state and runtime directories of its own. `amend` changes every plan before init gets it.
  explicit SandboxRunner(std::function<void(plan::LaunchPlan&)> amend = {});
  // On a directory that an earlier runner has left, which is then its own.
  explicit SandboxRunner(std::filesystem::path directory);
  ~SandboxRunner() override;  // Takes everything away again.
  SandboxRunner(const SandboxRunner&) = delete;
  SandboxRunner& operator=(const SandboxRunner&) = delete;

  [[nodiscard]] provider::Provider& provider() { return *provider_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  // Starts `spec`, waits until it has ended and its sandbox is gone.
  [[nodiscard]] Outcome run(const model::JobSpec& spec);
  [[nodiscard]] Outcome run_shell(const std::string& script);

  // Of every sandbox from now on.
  void set_places(provider::JobPlaces places) { places_ = std::move(places); }

  // The same in two steps; begin() does not even wait for the start.
  // The sandbox lies within `ancestors`, outermost first.
  [[nodiscard]] std::future<Running> begin(const model::JobSpec& spec,
                                           std::vector<NodeId> ancestors = {},
                                           Handover handover = Handover::kAtOnce);
  [[nodiscard]] Running start(const model::JobSpec& spec, std::vector<NodeId> ancestors = {},
                              Handover handover = Handover::kAtOnce);
  [[nodiscard]] Outcome finish(Running running);

  // And piece by piece.
  [[nodiscard]] provider::Ended wait(const Running& running);
  [[nodiscard]] Result<os::UniqueFd> take_input(const Running& running);
  void release_input(const Running& running);
  [[nodiscard]] Result<os::UniqueFd> dial(const Running& running, std::uint16_t port);
  void signal(const Running& running, int signal);
  void kill(const Running& running);
  void freeze(const Running& running);
  void destroy(const Running& running);
  void remove_log(const Running& running);
  [[nodiscard]] Result<provider::Whereabouts> look(const Running& running);
  void read_output(const Running& running, Outcome& outcome);
  // What a running command has written to stdout, once that contains `text`.
  [[nodiscard]] std::string await_output(const Running& running, const std::string& text);
  [[nodiscard]] std::vector<LogRecord> index_of(const NodeId& process);

  // As an engine that comes back and remembers `left`.
  [[nodiscard]] std::vector<provider::Provider::Adoption> adopt(const std::vector<Running>& left);
  [[nodiscard]] Result<std::vector<provider::Provider::Adoption>> try_adopt(
      const std::vector<Running>& left);

 private:
  struct Ends;
  void open(std::function<void(plan::LaunchPlan&)> amend);
  void ended(provider::Ended how) override;
  [[nodiscard]] NodeId next_id();

  std::filesystem::path directory_;
  provider::JobPlaces places_;
  std::set<NodeId> live_;       // Sandboxes that have not been destroyed.
  std::unique_ptr<Ends> ends_;  // Outlives the provider, which reports to it.
  std::unique_ptr<provider::Provider> provider_;
};

// By number, whichever of its threads started them.
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);

// The inits of the sandboxes that process `engine` has made, oldest first, while something runs in
// them.
[[nodiscard]] std::vector<pid_t> inits_of(pid_t engine);

// A new directory below the one for temporary files.
[[nodiscard]] std::filesystem::path make_directory();

[[nodiscard]] model::JobSpec shell(const std::string& script);

}  // namespace warren::test
