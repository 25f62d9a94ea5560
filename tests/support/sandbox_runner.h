// SPDX-License-Identifier: Apache-2.0
//
// Runs commands in real sandboxes of the local provider, without engine and store: for the tests of
// the launch path and of the security promises.

#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

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
  Result<provider::Started> started = fail(Errc::kInternal, "not started");
};

class SandboxRunner final : private provider::Observer {
 public:
  // With state and runtime directories of its own. `amend` changes every plan before init gets it.
  explicit SandboxRunner(std::function<void(plan::LaunchPlan&)> amend = {});
  ~SandboxRunner() override;  // Takes everything away again.
  SandboxRunner(const SandboxRunner&) = delete;
  SandboxRunner& operator=(const SandboxRunner&) = delete;

  [[nodiscard]] provider::Provider& provider() { return *provider_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  // Starts `spec`, waits until it has ended and its sandbox is gone.
  [[nodiscard]] Outcome run(const model::JobSpec& spec);
  [[nodiscard]] Outcome run_shell(const std::string& script);

  // The parts of run(), for tests that do something meanwhile. What was started must be destroyed.
  [[nodiscard]] Running start(const model::JobSpec& spec);
  [[nodiscard]] provider::Ended wait(const Running& running);
  void kill(const Running& running);
  void freeze(const Running& running);
  void destroy(const Running& running);
  // What it has written so far, on both streams.
  void read_output(const Running& running, Outcome& outcome);

 private:
  struct Ends;
  void ended(provider::Ended how) override;
  [[nodiscard]] NodeId next_id();

  std::filesystem::path directory_;
  std::unique_ptr<provider::Provider> provider_;
  std::unique_ptr<Ends> ends_;
};

[[nodiscard]] model::JobSpec shell(const std::string& script);

}  // namespace warren::test
