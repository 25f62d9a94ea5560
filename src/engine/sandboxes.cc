// SPDX-License-Identifier: Apache-2.0

#include "engine/sandboxes.h"

#include <utility>

#include "engine/await_done.h"

namespace warren::engine {
namespace {

using Adoptions = std::vector<provider::Provider::Adoption>;
using provider::Done;

}  // namespace

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
