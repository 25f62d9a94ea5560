// SPDX-License-Identifier: Apache-2.0

#include "provider/local/local_sandboxes.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/crc32c.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/text_file.h"
#include "provider/local/cgroup_parent.h"
#include "provider/local/footprint.h"
#include "provider/local/launch_view.h"
#include "provider/local/seccomp_filter.h"

namespace warren::provider {
namespace {

constexpr std::size_t kReadyNetworks = 32;
constexpr std::size_t kReadyInits = 8;
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Engines with different state directories never meet: the names of their cgroups differ. Which
// directory it is decides, and not its path, that may mean another one in another container.
Result<std::string> tag_of(const std::filesystem::path& state_dir) {
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::stat(state_dir.c_str(), &status); }),
                         "looking at {}", state_dir.native()));
  const std::string place = fmt::format("{}:{}", status.st_dev, status.st_ino);
  return fmt::format("{:08x}",
                     crc32c(reinterpret_cast<const std::uint8_t*>(place.data()), place.size()));
}

Result<plan::Image> open_host_image(const rootfs::LayerPool& pool) {
  const rootfs::HostImage host = WARREN_TRY(rootfs::refresh_host_image(pool.root(), pool.kind()));
  const auto read = [&](const char* file) {
    const std::string path = fmt::format("{}/etc/{}", host.path, file);
    return os::context(os::read_text(pool.root(), path.c_str()), "reading {}", path);
  };
  return plan::Image{.layers = host.path,
                     .host_trees = host.binds,
                     .passwd = WARREN_TRY(read("passwd")),
                     .group = WARREN_TRY(read("group")),
                     .path = std::string(kDefaultPath)};
}

// An epoll that has `event` in it. Whoever holds the eventfd itself could fill it, or make init
// wait for a reader of it; through the epoll, a follower hears of it and nothing else.
os::KernelResult<os::UniqueFd> watch_by_edges(int event) {
  auto epoll = os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); });
  if (!epoll) return epoll;
  epoll_event edges{.events = EPOLLIN | EPOLLET, .data = {}};
  const auto added =
      os::call([&] { return ::epoll_ctl(epoll->get(), EPOLL_CTL_ADD, event, &edges); });
  if (!added) return std::unexpected(added.error());
  return epoll;
}

// Runs `work` on `thread`, where a slow call holds up nobody who starts something.
void run_on(os::WorkerThread& thread, Done<> done, std::function<Result<>()> work) {
  thread.post([done = std::move(done), work = std::move(work)]() mutable { done(work()); });
}

Result<LocalParts> open_parts(const LocalOptions& options) {
  const std::string state_dir = options.state_dir.string();
  const rootfs::PoolKind kind = WARREN_TRY(rootfs::parse_pool_kind(options.pool));
  auto pool = WARREN_TRY(context(rootfs::open_layer_pool(state_dir, kind), "opening the pool"));
  plan::Image image = WARREN_TRY(context(open_host_image(*pool), "preparing the host image"));
  const std::string tag = WARREN_TRY(tag_of(options.state_dir));
  auto cgroups = WARREN_TRY(
      context(open_cgroups(options.state_dir, tag, options.cgroup_root), "opening the cgroups"));
  cgroup::Entry init_entry = WARREN_TRY(cgroups->init_entry());
  const Birthplace own{.namespaces = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
                       .cgroup = init_entry.unified.get()};
  const Birthplace shared{.cgroup = init_entry.unified.get()};
  return LocalParts{.logs = WARREN_TRY(LogDirectory::open(state_dir)),
                    .sockets = WARREN_TRY(InitSockets::open(options.runtime_dir.string())),
                    .pool = std::move(pool),
                    .image = std::move(image),
                    .cgroups = std::move(cgroups),
                    .init_entry = std::move(init_entry),
                    .seccomp = WARREN_TRY(compile_seccomp_filter()),
                    .null_device = WARREN_TRY(os::context(
                        os::open_at(AT_FDCWD, "/dev/null", O_RDWR), "opening /dev/null")),
                    .isolated_inits = {WARREN_TRY(InitLauncher::create()), own, kReadyInits},
                    .host_inits = {WARREN_TRY(InitLauncher::create()), shared, 0},
                    .amend_plan = options.amend_plan};
}

}  // namespace

Result<std::unique_ptr<Provider>> create_local(const LocalOptions& options) {
  return LocalSandboxes::create(options);
}

LocalSandboxes::LocalSandboxes(LocalParts parts)
    : parts_(std::move(parts)), cores_(own_cores()), networks_(kReadyNetworks) {}

Result<std::unique_ptr<Provider>> LocalSandboxes::create(const LocalOptions& options) {
  std::unique_ptr<LocalSandboxes> self(new LocalSandboxes(WARREN_TRY(open_parts(options))));
  const os::UniqueFd pool =
      WARREN_TRY(os::context(os::clone_mount(self->parts_.pool->root(), "", os::Recursive::kNo),
                             "cloning the pool's mount"));
  const LaunchView view{.pool = pool.get(),
                        .host_trees = self->parts_.image.host_trees,
                        .scratch = options.runtime_dir.string()};
  Result<> entered;
  std::atomic<bool> is_ready = false;
  self->launcher_ = std::make_unique<os::WorkerThread>([&] {
    entered = enter_launch_view(view);
    is_ready = true;
    is_ready.notify_one();
  });
  is_ready.wait(false);
  WARREN_TRY(context(std::move(entered), "preparing a view for launches"));
  self->watcher_ = WARREN_TRY(InitWatcher::create(*self));
  self->controller_ = std::make_unique<os::WorkerThread>();
  self->cleaner_ = std::make_unique<os::WorkerThread>(os::work_in_background);
  self->preparer_ = std::make_unique<os::WorkerThread>();
  self->launcher_->post([provider = self.get()] { provider->refill_inits(); });
  return self;
}

Result<std::string> LocalSandboxes::reserve(const NodeId& sandbox, const model::SandboxSpec& spec,
                                            const JobPlaces& places) {
  Footprint footprint{.range = {}, .group = places.group};
  if (!places.group.empty()) WARREN_TRY(validate_place(places.group));
  if (spec.profile == model::Profile::kHost) return to_text(footprint);
  footprint.range = WARREN_TRY(users_.reserve());
  const std::lock_guard lock(mutex_);
  ranges_.emplace(sandbox, *footprint.range);
  return to_text(footprint);
}

void LocalSandboxes::reserve_again(const NodeId& sandbox, const std::string& footprint) {
  const auto parsed = parse_footprint(footprint);
  if (!parsed || !parsed->range || !users_.reserve(*parsed->range)) return;
  const std::lock_guard lock(mutex_);
  ranges_.emplace(sandbox, *parsed->range);
}

void LocalSandboxes::release_range(const NodeId& sandbox) {
  const std::lock_guard lock(mutex_);
  if (const auto held = ranges_.extract(sandbox)) users_.release(held.mapped());
}

void LocalSandboxes::signal(const NodeId& sandbox, int signal, Done<> done) {
  run_on(*controller_, std::move(done),
         [this, sandbox, signal] { return parts_.cgroups->signal(group_of(sandbox), signal); });
}

void LocalSandboxes::kill(const NodeId& sandbox, Done<> done) {
  run_on(*controller_, std::move(done),
         [this, sandbox] { return parts_.cgroups->kill(group_of(sandbox)); });
}

void LocalSandboxes::freeze(const NodeId& sandbox, Done<> done) {
  run_on(*controller_, std::move(done),
         [this, sandbox] { return parts_.cgroups->freeze(group_of(sandbox)); });
}

void LocalSandboxes::thaw(const NodeId& sandbox, Done<> done) {
  run_on(*controller_, std::move(done),
         [this, sandbox] { return parts_.cgroups->thaw(group_of(sandbox)); });
}

void LocalSandboxes::usage(std::vector<NodeId> sandboxes, Done<std::vector<model::Usage>> done) {
  controller_->post([this, sandboxes = std::move(sandboxes), done = std::move(done)]() mutable {
    std::vector<model::Usage> readings;
    readings.reserve(sandboxes.size());
    for (const NodeId& sandbox : sandboxes) {
      // One that has just ended shows zeroes; its row has what it had used.
      readings.push_back(parts_.cgroups->usage(group_of(sandbox)).value_or(model::Usage{}));
    }
    done(std::move(readings));
  });
}

Result<LogFiles> LocalSandboxes::open_log(const NodeId& process) {
  LogFiles files = WARREN_TRY(parts_.logs.read(process));
  const std::lock_guard lock(mutex_);
  for (const auto& [id, sandbox] : sandboxes_) {
    if (sandbox->process != process || !sandbox->output_event) continue;
    files.event =
        WARREN_TRY(os::context(watch_by_edges(sandbox->output_event.get()), "watching an output"));
    break;
  }
  return files;
}

void LocalSandboxes::remove_log(const NodeId& process, Done<> done) {
  run_on(*cleaner_, std::move(done), [this, process] { return parts_.logs.remove(process); });
}

void LocalSandboxes::close(Done<> done) {
  run_on(*cleaner_, std::move(done), [this]() -> Result<> {
    {
      const std::lock_guard lock(mutex_);
      if (!sandboxes_.empty()) return {};
    }
    // The launcher's view holds the pool, its inits a cgroup.
    launcher_->finish();
    parts_.isolated_inits.clear();
    parts_.init_entry = {};
    remove_empty_groups();
    WARREN_TRY(parts_.cgroups->close());
    parts_.sockets.close();
    return parts_.pool->close();
  });
}

SandboxPtr LocalSandboxes::add(const NodeId& id, const NodeId& process, cgroup::GroupName group) {
  const std::lock_guard lock(mutex_);
  SandboxPtr& sandbox = sandboxes_[id];
  if (!sandbox) {
    sandbox = std::make_shared<LiveSandbox>();
    sandbox->id = id;
    sandbox->process = process;
    sandbox->group = std::move(group);
    sandbox->number = next_number_++;
    by_number_[sandbox->number] = sandbox;
  }
  return sandbox;
}

cgroup::GroupName LocalSandboxes::group_of(const NodeId& id) {
  const SandboxPtr sandbox = find(id);
  return sandbox ? sandbox->group : id.to_text();
}

cgroup::GroupName LocalSandboxes::group_for(const JobOrder& order) {
  const auto footprint = parse_footprint(order.footprint);
  if (footprint && !footprint->group.empty()) return footprint->group;
  if (order.ancestors.empty()) return order.sandbox.to_text();
  return group_of(order.ancestors.back()) + "/" + order.sandbox.to_text();
}

// Those that only serve to name others.
void LocalSandboxes::remove_empty_groups() {
  auto groups = parts_.cgroups->list().value_or(std::vector<cgroup::GroupName>());
  std::ranges::reverse(groups);  // What is in a group goes before it.
  for (const cgroup::GroupName& group : groups) {
    const auto populated = parts_.cgroups->is_populated(group);
    if (populated && !*populated) std::ignore = parts_.cgroups->remove(group);
  }
}

SandboxPtr LocalSandboxes::find(const NodeId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = sandboxes_.find(id);
  return found == sandboxes_.end() ? nullptr : found->second;
}

SandboxPtr LocalSandboxes::find_number(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

void LocalSandboxes::forget(const LiveSandbox& sandbox) {
  const std::lock_guard lock(mutex_);
  if (!sandbox.is_watched) by_number_.erase(sandbox.number);
  sandboxes_.erase(sandbox.id);
}

}  // namespace warren::provider
