// SPDX-License-Identifier: Apache-2.0

#include "engine/query_calls.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "base/co_try.h"
#include "engine/translate.h"

namespace warren::engine {
namespace {

using provider::Check;

// Other readers have their turn between two pages of a list.
constexpr std::uint64_t kListPage = 1024;
// And none is large, for as long as its reader may take.
constexpr std::size_t kListPageBytes = std::size_t{1} << 20;
// More than fit into a command line.
constexpr int kMostAwaited = 65'536;
// How long a disk may take before whoever asks hears of it.
constexpr std::chrono::seconds kRecordPatience{10};
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

Check bound(std::string name, std::uint64_t value, std::string key) {
  if (value == 0) {
    return {.name = std::move(name),
            .verdict = Check::Verdict::kLimited,
            .detail = fmt::format("unlimited: set {} in warren.yaml", key)};
  }
  return {.name = std::move(name), .verdict = Check::Verdict::kOk, .detail = fmt::to_string(value)};
}

// What a call waits for. One that has ended is read again when its turn comes: all of them together
// might be more than there is memory.
struct Awaited {
  NodeId id;
  LiveNodePtr live;
};

// What is unlimited unless a job says otherwise.
std::vector<Check> bounds_of(const Config& config) {
  const Check unlimited{.name = "default.cpu-memory-disk",
                        .verdict = Check::Verdict::kLimited,
                        .detail =
                            "unlimited for a job that does not say otherwise: --max-cpu, "
                            "--max-memory, --max-disk, --max-iobps, --timeout"};
  return {bound("queue.max-concurrent", config.max_concurrent, "max_concurrent"),
          bound("queue.max-memory", config.max_memory.value, "max_memory"),
          bound("queue.max-queued", config.max_queued, "max_queued"),
          bound("default.pids", config.default_pids, "defaults.pids"),
          bound("default.log", config.default_log.value, "defaults.log"),
          unlimited};
}

Check gateway_of(const Config& config, const std::filesystem::path& socket) {
  const std::string& user = config.gateway_user;
  if (!socket.empty()) {
    return {.name = "gateway",
            .verdict = Check::Verdict::kOk,
            .detail = fmt::format("{} may call for others on {}", user, socket.string())};
  }
  return {.name = "gateway",
          .verdict = Check::Verdict::kMissing,
          .detail = user.empty()
                        ? "nobody may call for others: gateway.user in warren.yaml is empty"
                        : fmt::format("there is no account {}: gateway.user in warren.yaml", user)};
}

std::vector<Check> faces_of(const Config& config) {
  std::vector<Check> checks;
  for (const model::Face face :
       {model::Face::kWarren, model::Face::kJoblet, model::Face::kJobWorker}) {
    const std::string name = fmt::format("faces.{}", model::to_text(face));
    if (caps_of(config, face)->enabled) {
      checks.push_back({.name = name, .detail = "open to the gateway's clients"});
    } else {
      checks.push_back({.name = name,
                        .verdict = Check::Verdict::kMissing,
                        .detail = fmt::format("closed: {}.enabled in warren.yaml", name)});
    }
  }
  return checks;
}

Check loss_of(const std::filesystem::path& database) {
  return {
      .name = "state.set-aside",
      .verdict = Check::Verdict::kLimited,
      .detail = fmt::format(
          "{} was corrupt: what its jobs left, or still run, stays as it is; move the file away "
          "and start the engine again to end and remove all of it",
          database.string())};
}

// A part of an answer that may be of any length: it goes out, and begins anew, whenever it is
// large.
template <typename Reply>
class NodesPart {
 public:
  void add(v1::Node node) {
    size_ += node.ByteSizeLong();
    *reply_.add_nodes() = std::move(node);
  }
  [[nodiscard]] bool is_large() const noexcept { return size_ >= kLargeSize; }
  [[nodiscard]] bool is_empty() const noexcept { return reply_.nodes().empty(); }

  [[nodiscard]] Reply take() {
    size_ = 0;
    return std::exchange(reply_, Reply());
  }

 private:
  // With the largest node on top, still far from the largest frame.
  static constexpr std::size_t kLargeSize = std::size_t{256} << 10;

  Reply reply_;
  std::size_t size_ = 0;
};

}  // namespace

Task<Result<>> QueryCalls::get(KnownCall call) {
  WARREN_CO_TRY(const v1::NodeRequest request, parse<v1::NodeRequest>(*call.call));
  WARREN_CO_TRY(FoundNode found,
                co_await directory_.find(request.node(), call.caller, model::Method::kGet));
  WARREN_CO_TRY(const v1::Node answer, co_await describe(std::move(found)));
  co_return co_await reply(call.call, answer);
}

Task<Result<v1::Node>> QueryCalls::describe(FoundNode found) {
  v1::Node message = to_proto(found.node());
  // A crash must not take back what a client was told.
  if (const bool is_kept = co_await core_.journal.commit_within(kRecordPatience); !is_kept) {
    co_return fail(Errc::kResourceExhausted,
                   "what has become of {} cannot be recorded now, and so not be told: the disk of "
                   "the engine's state may be full",
                   found.node().id.to_text());
  }
  WARREN_CO_TRY(const std::vector<NodeId> children, co_await core_.reads.children(found.node().id));
  for (const NodeId& child : children) {
    // A job's sandbox is a part of it, and has a field of its own.
    if (child != found.node().sandbox) message.add_children(child.to_text());
  }
  if (found.live) co_await add_live_facts(found.live, message);
  co_return message;
}

Task<> QueryCalls::add_live_facts(LiveNodePtr live, v1::Node& message) {
  if (model::is_final(live->node.state) || !live->node.started_at) co_return;
  const NodeId sandbox = live->node.sandbox.value_or(live->node.id);
  std::vector<NodeId> sandboxes{sandbox};
  const auto usage = co_await core_.sandboxes.usage(std::move(sandboxes));
  // It may have ended meanwhile: then the row has the last reading.
  if (usage && !usage->empty()) *message.mutable_usage() = to_proto(usage->front());
  const auto where = co_await core_.sandboxes.look(sandbox);
  if (where) add_whereabouts(*where, message);
}

Task<Result<>> QueryCalls::list(KnownCall call) {
  WARREN_CO_TRY(const v1::ListRequest request, parse<v1::ListRequest>(*call.call));
  WARREN_CO_TRY(store::Query query, from_proto(request));
  const model::Caller& caller = call.caller;
  if (model::allowed(caller.role, model::Method::kList, caller.face) != model::Scope::kAll) {
    query.owner = caller.principal;
  }
  query.face = model::listed_face(caller.face);
  query.specs_of_live = false;
  query.most_bytes = kListPageBytes;
  std::uint64_t left = query.limit == 0 ? kUnlimited : query.limit;
  while (left > 0) {
    query.limit = static_cast<std::uint32_t>(std::min(left, kListPage));
    WARREN_CO_TRY(store::Page page, co_await core_.reads.list(query));
    left -= page.next ? page.nodes.size() : left;
    query.below = page.next.value_or(0);
    WARREN_CO_TRY(co_await send_nodes(call.call, std::move(page.nodes), request.view()));
  }
  co_return Result<>{};
}

Task<Result<>> QueryCalls::send_nodes(CallPtr call, std::vector<model::Node> nodes,
                                      v1::ListRequest::View view) {
  NodesPart<v1::ListReply> part;
  for (model::Node& node : nodes) {
    const bool was_live = !model::is_final(node.state);
    const LiveNodePtr live = was_live ? core_.tree.find(node.id) : nullptr;
    if (was_live && !live) {
      WARREN_CO_TRY(const bool is_known, co_await read_again(node));
      if (!is_known) continue;
    }
    part.add(to_proto(node, live ? live->node.spec : node.spec, view));
    node.spec = {};  // What was said of it is not kept while the rest waits.
    if (part.is_large()) {
      WARREN_CO_TRY(co_await reply(call, part.take()));
    }
  }
  if (part.is_empty()) co_return Result<>{};
  co_return co_await reply(call, part.take());
}

Task<Result<bool>> QueryCalls::read_again(model::Node& node) {
  WARREN_CO_TRY(std::optional<model::Node> stored, co_await core_.reads.find(node.id));
  if (!stored) co_return false;
  node = *std::move(stored);
  co_return true;
}

Task<Result<>> QueryCalls::wait(KnownCall call) {
  WARREN_CO_TRY(const v1::WaitRequest request, parse<v1::WaitRequest>(*call.call));
  WARREN_CO_TRY(check_names(request.nodes_size(), kMostAwaited));
  const std::shared_ptr<Gate> gone = gone_gate(*call.call);
  std::vector<Awaited> all;
  std::vector<std::shared_ptr<Following>> following;
  for (const std::string& name : request.nodes()) {
    WARREN_CO_TRY(const FoundNode found,
                  co_await directory_.find(name, call.caller, model::Method::kWait));
    const NodeId id = found.node().id;
    if (const JobPtr job = core_.jobs.find(id)) following.push_back(job->follow());
    all.push_back({.id = id, .live = found.live});
  }
  NodesPart<v1::WaitReply> part;
  for (const Awaited& each : all) {
    if (each.live) co_await each.live->ended.wait_either(*gone);
    if (gone->is_open()) co_return client_is_gone();
    if (each.live) {
      part.add(to_proto(each.live->node));
    } else {
      WARREN_CO_TRY(const FoundNode found, co_await directory_.find_by_id(each.id));
      part.add(to_proto(found.node()));
    }
    if (part.is_large()) {
      WARREN_CO_TRY(co_await reply(call.call, part.take()));
    }
  }
  if (part.is_empty()) co_return Result<>{};
  co_return co_await reply(call.call, part.take());
}

Task<Result<>> QueryCalls::doctor(KnownCall call) {
  v1::DoctorReply answer;
  answer.set_pid(::getpid());
  answer.set_version(facts_.version);
  answer.set_state_dir(facts_.state_dir);
  answer.set_runtime_dir(facts_.runtime_dir);
  for (const Check& check : core_.sandboxes.provider().checks()) {
    *answer.add_checks() = to_proto(check);
  }
  for (const Check& check : bounds_of(core_.config)) *answer.add_checks() = to_proto(check);
  *answer.add_checks() = to_proto(gateway_of(core_.config, facts_.gateway_socket));
  for (const Check& check : faces_of(core_.config)) *answer.add_checks() = to_proto(check);
  for (const auto& database : facts_.lost_databases) {
    *answer.add_checks() = to_proto(loss_of(database));
  }
  co_return co_await reply(call.call, answer);
}

}  // namespace warren::engine
