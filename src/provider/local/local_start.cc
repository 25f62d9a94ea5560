// SPDX-License-Identifier: Apache-2.0
//
// From an order to a running init.

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "plan/accounts.h"
#include "provider/local/footprint.h"
#include "provider/local/local_sandboxes.h"
#include "provider/local/memory_view.h"
#include "rootfs/user_namespace.h"

namespace warren::provider {
namespace {

bool is_isolated(const model::JobSpec& spec) {
  return spec.sandbox.profile == model::Profile::kIsolated;
}

// A name that fits utsname (64 bytes with its NUL).
std::string hostname_of(const JobOrder& order) {
  constexpr std::size_t kShortId = 12;
  if (!order.spec.name.empty()) return order.spec.name;
  // The end of a UUIDv7 is its random part.
  const std::string id = order.process.to_text();
  return id.substr(id.size() - kShortId);
}

}  // namespace

// What is gathered for one init until it is cloned. Descriptors close when init has its copies.
struct LocalSandboxes::Preparation {
  JobOrder order;
  SandboxPtr sandbox;
  OutputFiles output;
  os::UniqueFd listener;
  cgroup::Entry group;
  os::UniqueFd kill_file;
  os::UniqueFd users;
  os::UniqueFd network;
  os::UniqueFd pool;
  plan::Resources resources;
  std::vector<std::byte> plan;
};

void LocalSandboxes::start(JobOrder order, Done<Started> done) {
  preparer_->post([this, order = std::move(order), done = std::move(done)]() mutable {
    prepare(std::move(order), std::move(done));
  });
}

void LocalSandboxes::prepare(JobOrder order, Done<Started> done) {
  const auto preparation = std::make_shared<Preparation>();
  preparation->order = std::move(order);
  preparation->sandbox =
      add(preparation->order.sandbox, preparation->order.process, group_for(preparation->order));
  LiveSandbox& sandbox = *preparation->sandbox;
  sandbox.stages.taken = this_moment();
  sandbox.on_started = std::move(done);
  sandbox.disk_limit = preparation->order.spec.sandbox.limits.disk;
  sandbox.log_limit = preparation->order.spec.sandbox.limits.log.value_or(Bytes{});

  const auto all = [&]() -> Result<> {
    WARREN_TRY(context(prepare_output(*preparation), "output"));
    WARREN_TRY(context(prepare_cgroup(*preparation), "cgroup"));
    WARREN_TRY(context(prepare_cores(*preparation), "cores"));
    WARREN_TRY(prepare_isolation(*preparation));
    return context(prepare_plan(*preparation), "plan");
  };
  if (const auto done_all = all(); !done_all)
    return abandon(preparation->sandbox, done_all.error());
  sandbox.stages.prepared = this_moment();
  if (is_isolated(preparation->order.spec)) {
    launcher_->post([this, preparation] { launch(preparation); });
  } else {
    launch(preparation);  // This thread sees the host as it is.
  }
}

Result<> LocalSandboxes::prepare_output(Preparation& preparation) {
  preparation.output =
      WARREN_TRY(parts_.logs.create(preparation.order.process, preparation.order.output_link));
  preparation.listener = WARREN_TRY(parts_.sockets.listen(preparation.order.sandbox));
  const std::lock_guard lock(mutex_);  // Readers of the log may ask for it already.
  preparation.sandbox->output_event = WARREN_TRY(
      os::context(os::call_for_fd([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }),
                  "making an eventfd"));
  return {};
}

Result<> LocalSandboxes::prepare_cgroup(Preparation& preparation) {
  const std::string& name = preparation.sandbox->group;
  if (is_placed(*preparation.sandbox)) {
    const std::string base = name.substr(0, name.find('/'));
    const auto made = parts_.cgroups->create(base, model::Limits(), {});
    if (!made && made.error().code != Errc::kAlreadyExists) return made;
  }
  const auto device = parts_.pool->device();
  WARREN_TRY(parts_.cgroups->create(name, preparation.order.spec.sandbox.limits,
                                    device ? rootfs::to_text(*device) : std::string()));
  preparation.group = WARREN_TRY(parts_.cgroups->entry(name));
  if (auto file = parts_.cgroups->kill_file(name)) preparation.kill_file = *std::move(file);
  preparation.resources.init_tasks = static_cast<std::uint32_t>(parts_.init_entry.tasks.size());
  preparation.resources.work_tasks = static_cast<std::uint32_t>(preparation.group.tasks.size());
  preparation.resources.has_work_group = static_cast<bool>(preparation.group.unified);
  preparation.resources.has_kill_file = static_cast<bool>(preparation.kill_file);
  return {};
}

Result<> LocalSandboxes::prepare_isolation(Preparation& preparation) {
  if (!is_isolated(preparation.order.spec)) return {};
  LiveSandbox& sandbox = *preparation.sandbox;
  const Footprint footprint =
      WARREN_TRY(context(parse_footprint(preparation.order.footprint), "reading a footprint"));
  if (!footprint.range) return fail(Errc::kInternal, "no user ids were set aside");
  const rootfs::IdRange range = *footprint.range;
  sandbox.range = range;
  WARREN_TRY(context(make_layer(sandbox, preparation.order.spec), "layer"));
  preparation.users = WARREN_TRY(context(users_.open(range), "users"));
  preparation.network = WARREN_TRY(context(networks_.take(), "network"));
  WARREN_TRY(context(prepare_meminfo(preparation), "memory"));
  return context(parts_.cgroups->allow_entry(sandbox.group, range.base), "cgroup");
}

// Noted with the cgroup: an engine that adopts the sandbox counts them again, and finds whose group
// it is where the name does not say it.
Result<> LocalSandboxes::prepare_cores(Preparation& preparation) {
  LiveSandbox& sandbox = *preparation.sandbox;
  sandbox.cores = cores_.pick(preparation.order.spec.sandbox.limits);
  preparation.resources.affinity = sandbox.cores;
  std::string note = model::to_text(model::CoreSet{sandbox.cores});
  if (is_placed(sandbox)) note += kOwner + sandbox.id.to_text();
  return note.empty() ? Result<>() : parts_.cgroups->set_note(sandbox.group, note);
}

Result<> LocalSandboxes::prepare_meminfo(Preparation& preparation) {
  const LiveSandbox& sandbox = *preparation.sandbox;
  const auto text = meminfo_within(WARREN_TRY(parts_.cgroups->memory_bounds(sandbox.group)));
  preparation.resources.has_meminfo = text.has_value();
  if (!text) return {};
  return parts_.pool->write_file(sandbox.id, plan::kMeminfo, *text);
}

Result<> LocalSandboxes::make_layer(LiveSandbox& sandbox, const model::JobSpec& spec) {
  if (sandbox.has_layer) return {};  // Uploads came first.
  WARREN_TRY(parts_.pool->make_room());
  WARREN_TRY(parts_.pool->create(sandbox.id, spec.sandbox.limits.disk));
  sandbox.has_layer = true;
  return spec.process.user ? give_workdir(sandbox, *spec.process.user) : Result<>();
}

// The pool makes it for the sandbox's root; a command may write where it begins.
Result<> LocalSandboxes::give_workdir(const LiveSandbox& sandbox, const model::UserSpec& user) {
  const plan::Account account =
      WARREN_TRY(plan::find_account(user, parts_.image.passwd, parts_.image.group));
  const std::string path = rootfs::layer_path(sandbox.id) + "/upper/work";
  return os::context(os::call([&] {
                       return ::fchownat(parts_.pool->root(), path.c_str(), account.uid,
                                         account.gid, AT_SYMLINK_NOFOLLOW);
                     }),
                     "giving it its working directory");
}

Result<> LocalSandboxes::prepare_plan(Preparation& preparation) {
  LiveSandbox& sandbox = *preparation.sandbox;
  plan::Resources& resources = preparation.resources;
  resources.sandbox_dir = rootfs::layer_path(sandbox.id);
  resources.first_id = sandbox.range ? sandbox.range->base : 0;
  resources.hostname = hostname_of(preparation.order);
  resources.seccomp = parts_.seccomp;
  sandbox.plan =
      WARREN_TRY(plan::compile(preparation.order.spec, parts_.image, preparation.resources));
  if (parts_.amend_plan) parts_.amend_plan(sandbox.plan);
  preparation.plan = WARREN_TRY(plan::encode(sandbox.plan));
  return {};
}

void LocalSandboxes::launch(const std::shared_ptr<Preparation>& preparation) {
  preparation->sandbox->stages.launching = this_moment();
  const auto launched = is_isolated(preparation->order.spec)
                            ? launch_isolated(*preparation)
                            : launch_init(*preparation, parts_.host_inits);
  if (!launched) abandon(preparation->sandbox, launched.error());
}

void LocalSandboxes::refill_inits() {
  // One a task, so that no launch waits for more than one.
  for (std::size_t left = parts_.isolated_inits.missing(); left > 0; --left) {
    launcher_->post([this] { parts_.isolated_inits.refill(); });
  }
}

Result<> LocalSandboxes::launch_isolated(Preparation& preparation) {
  preparation.pool =
      WARREN_TRY(os::context(rootfs::clone_for_range(AT_FDCWD, "/layers", preparation.users.get(),
                                                     rootfs::Access::kReadWrite),
                             "layer: mapping the pool's ids"));
  auto launched = launch_init(preparation, parts_.isolated_inits);
  refill_inits();
  return launched;
}

Result<> LocalSandboxes::launch_init(Preparation& preparation, InitNursery& inits) {
  LiveSandbox& sandbox = *preparation.sandbox;
  Launch launch;
  launch.plan = std::move(preparation.plan);
  launch.log_limit = sandbox.log_limit.value;
  const auto give = [&launch](plan::Slot slot, const os::UniqueFd& fd) {
    if (fd) launch.descriptors.emplace_back(slot, fd.get());
  };
  give(plan::Slot::kNull, parts_.null_device);
  give(plan::Slot::kListener, preparation.listener);
  give(plan::Slot::kNetwork, preparation.network);
  give(plan::Slot::kUsers, preparation.users);
  give(plan::Slot::kPool, preparation.pool);
  for (std::size_t index = 0; index < parts_.init_entry.tasks.size(); ++index) {
    give(plan::slot_after(plan::Slot::kInitTasks, index), parts_.init_entry.tasks[index]);
  }
  for (std::size_t index = 0; index < preparation.group.tasks.size(); ++index) {
    give(plan::slot_after(plan::Slot::kWorkTasks, index), preparation.group.tasks[index]);
  }
  give(plan::Slot::kWorkGroup, preparation.group.unified);
  give(plan::Slot::kKillFile, preparation.kill_file);
  give(plan::Slot::kStdoutLog, preparation.output.stdout_file);
  give(plan::Slot::kStderrLog, preparation.output.stderr_file);
  give(plan::Slot::kIndex, preparation.output.index);
  give(plan::Slot::kRecord, preparation.output.record);
  give(plan::Slot::kOutputEvent, sandbox.output_event);

  sandbox.stages.cloning = this_moment();
  NewbornInit init = WARREN_TRY(context(inits.launch(launch), "clone"));
  sandbox.init = std::move(init.child);
  sandbox.control = std::move(init.control);
  // From here on the watcher decides: its first message may come before this call returns.
  sandbox.is_watched = true;
  const auto watched = watcher_->watch(sandbox.control.get(), sandbox.number);
  if (!watched) sandbox.is_watched = false;
  return watched;
}

void LocalSandboxes::abandon(const SandboxPtr& sandbox, const Error& why) {
  cleaner_->post([this, sandbox, why] {
    // The engine removes what cannot be removed now when it destroys the sandbox.
    std::ignore = remove_everything(*sandbox);
    sandbox->has_ended = true;
    std::exchange(sandbox->on_started, {})(std::unexpected(why));
  });
}

}  // namespace warren::provider
