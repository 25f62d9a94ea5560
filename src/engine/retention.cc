// SPDX-License-Identifier: Apache-2.0

#include "engine/retention.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/co_try.h"
#include "base/failpoint.h"

namespace warren::engine {
namespace {

constexpr std::uint32_t kPage = 256;
constexpr std::uint64_t kEventsPerNode = 8;
constexpr std::chrono::hours kKeyLifetime{24};

}  // namespace

Task<> Retention::run() {
  for (;;) {
    const Result<> swept = co_await sweep();
    if (!swept) spdlog::error("forgetting old nodes: {}", swept.error().message);
    const std::shared_ptr<Gate> due = std::make_shared<Gate>();
    core_.sweep_due = due;
    core_.ended_since_sweep = 0;
    std::ignore = co_await due->wait_for(std::chrono::hours(24));
  }
}

Task<Result<>> Retention::sweep() {
  const std::uint64_t keep = core_.config.retention_count;
  for (;;) {
    WARREN_CO_TRY(
        std::vector<NodeId> old,
        co_await core_.reads.expired(core_.clock() - core_.config.retention_age, keep, kPage));
    if (old.empty()) break;
    WARREN_CO_TRY(co_await forget(std::move(old)));
  }
  core_.store.prune(core_.clock() - kKeyLifetime, keep * kEventsPerNode);
  co_return Result<>{};
}

Task<Result<>> Retention::forget(std::vector<NodeId> nodes) {
  store::Batch batch;
  for (const NodeId& node : nodes) {
    // Sandboxes have no log of their own; removing none is no failure.
    std::ignore = co_await core_.sandboxes.remove_log(node);
    batch.emplace_back(store::DeleteNode{node});
  }
  failpoint("retention.before-commit");
  co_return co_await core_.journal.submit(std::move(batch));
}

}  // namespace warren::engine
