// SPDX-License-Identifier: Apache-2.0
//
// The local provider itself. Five threads share the work, so that nothing that is slow stands in
// the way of what is quick: the preparer makes what a sandbox needs of the host, the launcher
// clones inits from a mount namespace of its own, the watcher hears of what becomes of them, the
// controller acts on their processes and measures them, the cleaner takes them away.

#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "cgroup/cgroup.h"
#include "os/worker_thread.h"
#include "plan/compile.h"
#include "provider/local/core_picker.h"
#include "provider/local/init_nursery.h"
#include "provider/local/init_socket.h"
#include "provider/local/init_watcher.h"
#include "provider/local/live_sandbox.h"
#include "provider/local/local_provider.h"
#include "provider/local/log_directory.h"
#include "provider/local/network_pool.h"
#include "provider/local/upload_threads.h"
#include "rootfs/host_image.h"
#include "rootfs/layer_pool.h"
#include "rootfs/user_namespace_pool.h"

namespace warren::provider {

using SandboxPtr = std::shared_ptr<LiveSandbox>;

// What is opened once, in this order.
struct LocalParts {
  LogDirectory logs;
  InitSockets sockets;
  std::unique_ptr<rootfs::LayerPool> pool;
  plan::Image image;
  std::unique_ptr<cgroup::Tree> cgroups;
  cgroup::Entry init_entry;
  std::vector<std::byte> seccomp;
  os::UniqueFd null_device;
  InitNursery isolated_inits;
  InitNursery host_inits;
  std::function<void(plan::LaunchPlan&)> amend_plan;
};

// About an init whose version of the protocol this engine does not speak.
[[nodiscard]] Error foreign_init(const LiveSandbox& sandbox, std::uint16_t version);

class LocalSandboxes final : public Provider, private InitWatcher::Listener {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Provider>> create(const LocalOptions& options);

  [[nodiscard]] std::string name() const override { return "local"; }
  [[nodiscard]] std::vector<Check> checks() const override;
  void observe(Observer& observer) override { observer_ = &observer; }
  [[nodiscard]] Result<> check(const model::JobSpec& spec) const override;
  [[nodiscard]] Result<std::string> plan_text(const model::JobSpec& spec) override;
  [[nodiscard]] Result<std::string> reserve(const NodeId& sandbox, const model::SandboxSpec& spec,
                                            const JobPlaces& places) override;
  void upload(const JobOrder& order, Done<os::UniqueFd> opened, Done<> unpacked) override;
  void start(JobOrder order, Done<Started> done) override;
  void take_input(const NodeId& sandbox, Done<os::UniqueFd> done) override;
  void release_input(const NodeId& sandbox) override;
  void dial(const NodeId& sandbox, std::uint16_t port, Done<os::UniqueFd> done) override;
  void signal(const NodeId& sandbox, int signal, Done<> done) override;
  void kill(const NodeId& sandbox, Done<> done) override;
  void freeze(const NodeId& sandbox, Done<> done) override;
  void thaw(const NodeId& sandbox, Done<> done) override;
  void destroy(const NodeId& sandbox, Done<> done) override;
  void usage(std::vector<NodeId> sandboxes, Done<std::vector<model::Usage>> done) override;
  void look(const NodeId& sandbox, Done<Whereabouts> done) override;
  [[nodiscard]] Result<LogFiles> open_log(const NodeId& process) override;
  void remove_log(const NodeId& process, Done<> done) override;
  void adopt(std::vector<Adoption> sandboxes, Sweep sweep,
             Done<std::vector<Adoption>> done) override;
  void close(Done<> done) override;

 private:
  explicit LocalSandboxes(LocalParts parts);

  // local_start.cc: from an order to a running init.
  struct Preparation;
  void prepare(JobOrder order, Done<Started> done);
  [[nodiscard]] Result<> prepare_output(Preparation& preparation);
  [[nodiscard]] Result<> prepare_cgroup(Preparation& preparation);
  [[nodiscard]] Result<> prepare_isolation(Preparation& preparation);
  [[nodiscard]] Result<> prepare_cores(Preparation& preparation);
  [[nodiscard]] Result<> prepare_meminfo(Preparation& preparation);
  [[nodiscard]] Result<> prepare_plan(Preparation& preparation);
  [[nodiscard]] Result<> make_layer(LiveSandbox& sandbox, const model::JobSpec& spec);
  [[nodiscard]] Result<> give_workdir(const LiveSandbox& sandbox, const model::UserSpec& user);
  void launch(const std::shared_ptr<Preparation>& preparation);
  void refill_inits();
  [[nodiscard]] Result<> launch_isolated(Preparation& preparation);
  [[nodiscard]] Result<> launch_init(Preparation& preparation, InitNursery& inits);
  void abandon(const SandboxPtr& sandbox, const Error& why);

  // local_look.cc
  [[nodiscard]] Result<Whereabouts> whereabouts_of(const NodeId& id);

  // local_upload.cc
  [[nodiscard]] Result<os::UniqueFd> begin_upload(const JobOrder& order, Done<> unpacked);

  // local_talk.cc: what is asked of an init while its command runs.
  void has_input(LiveSandbox& sandbox, os::UniqueFd input);
  void has_dialed(LiveSandbox& sandbox, const plan::DialedEvent& event, os::Received& received);
  void end_talk(LiveSandbox& sandbox);

  // local_end.cc: from init's messages to the observer, and the taking away.
  void message(std::uint64_t number, std::span<const std::byte> message,
               os::Received& received) override;
  void gone(std::uint64_t number) override;
  void has_started(LiveSandbox& sandbox, const plan::StartedEvent& event, os::Received& received);
  void has_failed(LiveSandbox& sandbox, const plan::Record& record);
  void has_exited(LiveSandbox& sandbox, const plan::Record& record);
  void report(LiveSandbox& sandbox, Ended how);
  void report_from_records(LiveSandbox& sandbox);
  void drain_pipes(LiveSandbox& sandbox, Ended& how);
  [[nodiscard]] Result<> remove_everything(LiveSandbox& sandbox);

  // local_adopt.cc: what an earlier engine has left.
  [[nodiscard]] Result<> adopt_all(std::vector<Adoption>& sandboxes,
                                   const std::vector<cgroup::GroupName>& groups);
  [[nodiscard]] SandboxPtr add_again(const Adoption& adoption,
                                     const std::vector<cgroup::GroupName>& groups);
  void bind_again(LiveSandbox& sandbox);
  // Finishes `adoption`, which says already whether its init runs.
  void settle(Adoption& adoption, const SandboxPtr& sandbox);
  // Whose cgroup it is; nothing where it is nobody's.
  [[nodiscard]] std::optional<NodeId> owner_of(const cgroup::GroupName& group);
  // Of each, whether its init lives: fails where it is one that this engine cannot drive. All are
  // asked before any is waited for.
  [[nodiscard]] std::vector<Result<bool>> attach(const std::vector<SandboxPtr>& sandboxes);
  // A connection to the init of `sandbox`, which owes its answer; none where it has ended.
  [[nodiscard]] os::UniqueFd ask_for_state(const NodeId& sandbox);
  [[nodiscard]] Result<bool> take_over(const SandboxPtr& sandbox, os::UniqueFd control,
                                       std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] std::vector<SandboxPtr> unclaimed(const std::vector<Adoption>& claimed,
                                                  const std::vector<cgroup::GroupName>& groups);
  void leave_all(const std::vector<SandboxPtr>& remains);
  void remove_all(std::vector<SandboxPtr> remains);

  [[nodiscard]] SandboxPtr add(const NodeId& id, const NodeId& process, cgroup::GroupName group);
  [[nodiscard]] SandboxPtr find(const NodeId& id);
  [[nodiscard]] cgroup::GroupName group_of(const NodeId& id);
  // The name of the order's cgroup: its place, or below those of the sandboxes that enclose it.
  [[nodiscard]] cgroup::GroupName group_for(const JobOrder& order);
  void remove_empty_groups();
  [[nodiscard]] SandboxPtr find_number(std::uint64_t number);
  void forget(const LiveSandbox& sandbox);
  // Takes the very range that an earlier engine gave the sandbox, as reserve() would have.
  void reserve_again(const NodeId& sandbox, const std::string& footprint);
  void release_range(const NodeId& sandbox);

  LocalParts parts_;
  CorePicker cores_;
  rootfs::UserNamespacePool users_;
  NetworkPool networks_;
  UploadThreads uploads_;
  Observer* observer_ = nullptr;
  std::atomic<std::size_t> unclaimed_ = 0;  // Sandboxes of a lost database that were left alone.

  std::mutex mutex_;
  std::unordered_map<NodeId, SandboxPtr> sandboxes_;
  std::unordered_map<std::uint64_t, SandboxPtr> by_number_;
  std::uint64_t next_number_ = 1;
  std::uint32_t next_dial_ = 1;
  // From reserve() until the sandbox is removed, whether it has ever been made or not.
  std::unordered_map<NodeId, rootfs::IdRange> ranges_;

  std::unique_ptr<InitWatcher> watcher_;
  std::unique_ptr<os::WorkerThread> controller_;
  std::unique_ptr<os::WorkerThread> cleaner_;
  std::unique_ptr<os::WorkerThread> launcher_;
  std::unique_ptr<os::WorkerThread> preparer_;  // Ends first: it gives the others work.
};

}  // namespace warren::provider
