// SPDX-License-Identifier: Apache-2.0

#include "engine/watch_calls.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/co_try.h"
#include "engine/translate.h"

namespace warren::engine {
namespace {

constexpr std::uint32_t kEventsPage = 256;
constexpr std::uint64_t kLeastIntervalMs = 100;
constexpr std::uint64_t kMostIntervalMs = 3'600'000;

std::uint64_t size_of(const os::UniqueFd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

bool is_measurable(const FoundNode& found) {
  return found.live && found.live->node.started_at && !model::is_final(found.live->node.state);
}

// All readings are one message: long commands must not make it larger than a frame may be.
constexpr std::size_t kMostCommandBytes = std::size_t{4} << 10;
constexpr int kMostNames = 4096;
constexpr std::size_t kMostBytesOfCommands = std::size_t{2} << 20;

// At most `most` bytes of UTF-8, without a part of a character at the end.
std::string_view start_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

// As much of a command as has room.
std::vector<std::string> start_of(const std::vector<std::string>& argv, std::size_t most) {
  std::vector<std::string> shown;
  for (const std::string& word : argv) {
    if (most == 0) break;
    shown.emplace_back(start_of(word, most));
    most -= std::min(most, word.size() + 1);  // An empty word takes room as well.
  }
  return shown;
}

// Of one that has ended there is a copy for as long as the call goes on: what a reading shows.
void drop_what_is_not_shown(model::JobSpec& spec) {
  model::ProcessSpec shown;
  shown.argv = start_of(spec.process.argv, kMostCommandBytes);
  spec.process = std::move(shown);
  spec.labels.clear();
}

void add_reading(const model::Node& node, const model::Usage& usage, std::size_t command_bytes,
                 v1::StatsEvent& event) {
  v1::StatsEvent::Reading& reading = *event.add_readings();
  reading.set_id(node.id.to_text());
  reading.set_seq(node.seq);
  reading.set_name(node.spec.name);
  *reading.mutable_usage() = to_proto(usage);
  *reading.mutable_limits() = to_proto(node.spec.sandbox.limits);
  for (std::string& word : start_of(node.spec.process.argv, command_bytes)) {
    reading.add_command(std::move(word));
  }
}

}  // namespace

Task<Result<>> WatchCalls::log(KnownCall call) {
  WARREN_CO_TRY(const v1::LogRequest request, parse<v1::LogRequest>(*call.call));
  WARREN_CO_TRY(const FoundNode found,
                co_await directory_.find(request.node(), call.caller, model::Method::kLog));
  if (found.node().kind != model::Kind::kProcess) {
    co_return fail(Errc::kFailedPrecondition, "{} is no process: it has no output", request.node());
  }
  const std::shared_ptr<Gate> gone = gone_gate(*call.call);
  const NodeId id = found.node().id;
  const JobPtr job = core_.jobs.find(id);
  const std::shared_ptr<Following> following = job ? job->follow() : nullptr;
  if (job && !job->settled.is_open()) {
    if (!request.follow()) {
      co_return fail(Errc::kFailedPrecondition, "{} has not started: it has no output yet",
                     request.node());
    }
    co_await job->settled.wait_either(*gone);
  }
  WARREN_CO_TRY(co_await send_output(call.call, id));
  if (found.live && !request.follow()) co_return Result<>{};
  if (found.live) co_await found.live->ended.wait_either(*gone);
  if (gone->is_open()) co_return client_is_gone();
  co_return co_await send_sizes(call.call, found.node());
}

Task<Result<>> WatchCalls::send_output(CallPtr call, NodeId process) {
  WARREN_CO_TRY(provider::LogFiles files, core_.sandboxes.provider().open_log(process));
  WARREN_CO_TRY(const FoundNode found, co_await directory_.find_by_id(process));
  v1::LogEvent event;
  event.set_opened(true);
  event.set_merged_streams(found.node().spec.process.streams == model::Streams::kMerged);
  event.set_lost_bytes(found.node().lost_bytes.value);
  std::vector<wire::Handed> handed;
  hand_over(std::move(files), handed);
  co_return co_await call->send(event.SerializeAsString(), std::move(handed));
}

Task<Result<>> WatchCalls::send_sizes(CallPtr call, model::Node process) {
  WARREN_CO_TRY(const provider::LogFiles files, core_.sandboxes.provider().open_log(process.id));
  v1::LogEvent event;
  event.set_ended(true);
  event.set_stdout_bytes(size_of(files.stdout_file));
  event.set_stderr_bytes(size_of(files.stderr_file));
  event.set_index_bytes(size_of(files.index));
  event.set_lost_bytes(process.lost_bytes.value);
  co_return co_await reply(call, event);
}

Task<Result<>> WatchCalls::events(KnownCall call) {
  WARREN_CO_TRY(const v1::EventsRequest request, parse<v1::EventsRequest>(*call.call));
  Filter filter{.caller = call.caller, .node = std::nullopt};
  if (!request.node().empty()) {
    WARREN_CO_TRY(const FoundNode found,
                  co_await directory_.find(request.node(), call.caller, model::Method::kEvents));
    filter.node = found.node().id;
  }
  std::uint64_t after = request.after();
  for (;;) {
    // Before the read: what becomes durable while it goes on opens the gate. So nothing is missed,
    // and since every event comes from the store by its number, nothing comes twice.
    const std::shared_ptr<Gate> news = core_.journal.next_publication();
    WARREN_CO_TRY(const std::uint64_t last, co_await send_page(call.call, filter, after));
    if (call.call->is_cancelled()) co_return client_is_gone();
    if (std::exchange(after, last) != last) continue;
    if (!request.follow()) co_return Result<>{};
    call.call->on_cancel([news] { news->open(); });
    co_await news->wait();
  }
}

// Returns the number of the last event that it has seen.
Task<Result<std::uint64_t>> WatchCalls::send_page(CallPtr call, const Filter& filter,
                                                  std::uint64_t after) {
  WARREN_CO_TRY(const std::vector<store::NodeEvent> page,
                co_await core_.reads.events(after, kEventsPage));
  for (const store::NodeEvent& event : page) {
    if (co_await wants(filter, event.node)) {
      WARREN_CO_TRY(co_await reply(call, to_proto(event)));
    }
    after = event.number;
  }
  co_return after;
}

Task<bool> WatchCalls::wants(const Filter& filter, NodeId node) {
  if (filter.node) co_return *filter.node == node;
  const model::Caller& caller = filter.caller;
  if (model::allowed(caller.role, model::Method::kEvents, caller.face) == model::Scope::kAll) {
    co_return true;
  }
  const Result<FoundNode> found = co_await directory_.find_by_id(node);
  co_return found && found->node().owner.is(caller.principal);
}

Task<Result<>> WatchCalls::stats(KnownCall call) {
  WARREN_CO_TRY(const v1::StatsRequest request, parse<v1::StatsRequest>(*call.call));
  const std::chrono::milliseconds interval(
      std::clamp(request.interval_ms(), kLeastIntervalMs, kMostIntervalMs));
  const std::shared_ptr<Gate> gone = gone_gate(*call.call);
  WARREN_CO_TRY(std::vector<FoundNode> nodes, co_await named_nodes(request, call.caller));
  for (;;) {
    if (request.nodes().empty()) nodes = running_nodes(call.caller);
    WARREN_CO_TRY(const v1::StatsEvent event, co_await read_stats(nodes));
    WARREN_CO_TRY(co_await reply(call.call, event));
    const bool all_ended = std::ranges::all_of(nodes, [](const FoundNode& found) {
      return !found.live || model::is_final(found.live->node.state);
    });
    if (request.interval_ms() == 0 || (!request.nodes().empty() && all_ended)) {
      co_return Result<>{};
    }
    if (co_await gone->wait_for(interval)) co_return client_is_gone();
  }
}

Task<Result<std::vector<FoundNode>>> WatchCalls::named_nodes(const v1::StatsRequest& request,
                                                             model::Caller caller) {
  WARREN_CO_TRY(check_names(request.nodes_size(), kMostNames));
  std::vector<FoundNode> nodes;
  for (const std::string& name : request.nodes()) {
    WARREN_CO_TRY(FoundNode found, co_await directory_.find(name, caller, model::Method::kStats));
    drop_what_is_not_shown(found.ended_node.spec);
    nodes.push_back(std::move(found));
  }
  co_return nodes;
}

std::vector<FoundNode> WatchCalls::running_nodes(const model::Caller& caller) const {
  const std::optional<model::Face> listed = model::listed_face(caller.face);
  std::vector<FoundNode> nodes;
  for (LiveNodePtr& live : core_.tree.all()) {
    const model::Node& node = live->node;
    if (node.kind != model::Kind::kProcess || !node.started_at) continue;
    if (listed && *listed != node.face) continue;
    if (!model::authorize(caller, model::Method::kStats, node.owner, node.face)) continue;
    nodes.push_back({.live = std::move(live), .ended_node = {}});
  }
  return nodes;
}

Task<Result<v1::StatsEvent>> WatchCalls::read_stats(const std::vector<FoundNode>& nodes) {
  std::vector<NodeId> sandboxes;
  for (const FoundNode& found : nodes) {
    if (is_measurable(found)) {
      sandboxes.push_back(found.live->node.sandbox.value_or(found.live->node.id));
    }
  }
  std::map<NodeId, model::Usage> readings;
  if (!sandboxes.empty()) {
    WARREN_CO_TRY(const std::vector<model::Usage> usage, co_await core_.sandboxes.usage(sandboxes));
    for (std::size_t i = 0; i < std::min(usage.size(), sandboxes.size()); ++i) {
      readings[sandboxes[i]] = usage[i];
    }
  }
  v1::StatsEvent event;
  event.set_at(core_.clock().time_since_epoch().count());
  const std::size_t command_bytes =
      std::min(kMostCommandBytes, kMostBytesOfCommands / std::max<std::size_t>(nodes.size(), 1));
  for (const FoundNode& found : nodes) {
    const model::Node& node = found.node();
    const auto reading = readings.find(node.sandbox.value_or(node.id));
    const bool has_ended = model::is_final(node.state) || reading == readings.end();
    add_reading(node, has_ended ? node.usage : reading->second, command_bytes, event);
  }
  co_return event;
}

}  // namespace warren::engine
