// SPDX-License-Identifier: Apache-2.0

#include "engine/sandboxes.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/co_try.h"
#include "engine/task.h"

namespace warren::engine {
namespace {

using Adoptions = std::vector<provider::Provider::Adoption>;
using provider::Done;

}  // namespace

Task<Result<Upload>> Sandboxes::upload(provider::JobOrder order) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto outcome = std::make_shared<Upload::Outcome>();
  auto start = [this, executor, outcome, &order](Done<os::UniqueFd> opened) {
    auto unpacked = [this, executor, outcome](Result<> result) {
      boost::asio::post(executor, [this, outcome, result = std::move(result)]() mutable {
        outcome->result = std::move(result);
        outcome->known.open();
        under_way_.erase(outcome.get());
        std::exchange(next_over_, std::make_shared<Gate>())->open();
      });
    };
    provider_.upload(order, std::move(opened), std::move(unpacked));
  };
  auto opened = co_await await_done<Result<os::UniqueFd>>(std::move(start));
  WARREN_CO_TRY(os::UniqueFd archive, std::move(opened));
  if (!outcome->known.is_open()) under_way_.insert(outcome.get());
  co_return Upload{.archive = std::move(archive), .outcome = outcome};
}

Task<Result<Upload>> Sandboxes::upload_in_turn(provider::JobOrder order, Gate& given_up) {
  for (;;) {
    const std::shared_ptr<Gate> over = next_over_;
    Result<Upload> begun = co_await upload(order);
    const bool is_full = !begun && begun.error().code == Errc::kResourceExhausted;
    // With none under way it is something else that there is too little of.
    if (!is_full || (under_way_.empty() && !over->is_open())) co_return begun;
    co_await over->wait_either(given_up);
    if (given_up.is_open()) co_return fail(Errc::kUnavailable, "it was given up");
  }
}

Task<Result<provider::Started>> Sandboxes::start(provider::JobOrder order) {
  return await_done<Result<provider::Started>>(
      [this, order = std::move(order)](Done<provider::Started> done) mutable {
        provider_.start(std::move(order), std::move(done));
      });
}

Task<Result<os::UniqueFd>> Sandboxes::take_input(NodeId sandbox) {
  return await_done<Result<os::UniqueFd>>(
      [this, sandbox](Done<os::UniqueFd> done) { provider_.take_input(sandbox, std::move(done)); });
}

Task<Result<>> Sandboxes::signal(NodeId sandbox, int number) {
  return await_done<Result<>>(
      [this, sandbox, number](Done<> done) { provider_.signal(sandbox, number, std::move(done)); });
}

Task<Result<>> Sandboxes::kill(NodeId sandbox) {
  return await_done<Result<>>(
      [this, sandbox](Done<> done) { provider_.kill(sandbox, std::move(done)); });
}

Task<Result<>> Sandboxes::freeze(NodeId sandbox) {
  return await_done<Result<>>(
      [this, sandbox](Done<> done) { provider_.freeze(sandbox, std::move(done)); });
}

Task<Result<>> Sandboxes::thaw(NodeId sandbox) {
  return await_done<Result<>>(
      [this, sandbox](Done<> done) { provider_.thaw(sandbox, std::move(done)); });
}

Task<Result<>> Sandboxes::destroy(NodeId sandbox) {
  return await_done<Result<>>(
      [this, sandbox](Done<> done) { provider_.destroy(sandbox, std::move(done)); });
}

Task<Result<std::vector<model::Usage>>> Sandboxes::usage(std::vector<NodeId> sandboxes) {
  return await_done<Result<std::vector<model::Usage>>>(
      [this, sandboxes = std::move(sandboxes)](Done<std::vector<model::Usage>> done) mutable {
        provider_.usage(std::move(sandboxes), std::move(done));
      });
}

Task<Result<provider::Whereabouts>> Sandboxes::look(NodeId sandbox) {
  return await_done<Result<provider::Whereabouts>>(
      [this, sandbox](Done<provider::Whereabouts> done) {
        provider_.look(sandbox, std::move(done));
      });
}

Task<Result<>> Sandboxes::remove_log(NodeId process) {
  return await_done<Result<>>(
      [this, process](Done<> done) { provider_.remove_log(process, std::move(done)); });
}

Task<Result<Adoptions>> Sandboxes::adopt(Adoptions sandboxes, provider::Provider::Sweep sweep) {
  return await_done<Result<Adoptions>>(
      [this, sweep, sandboxes = std::move(sandboxes)](Done<Adoptions> done) mutable {
        provider_.adopt(std::move(sandboxes), sweep, std::move(done));
      });
}

Task<Result<>> Sandboxes::close() {
  return await_done<Result<>>([this](Done<> done) { provider_.close(std::move(done)); });
}

}  // namespace warren::engine
