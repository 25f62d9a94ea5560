// SPDX-License-Identifier: Apache-2.0

#include "gateway/call_limit.h"

#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace warren::gateway {

struct CallLimit::Place::State {
  const std::size_t most;
  std::mutex mutex = {};
  std::map<std::string, std::size_t, std::less<>> taken = {};
};

CallLimit::Place::Place(std::shared_ptr<State> state, std::string holder)
    : state_(std::move(state)), holder_(std::move(holder)) {}

CallLimit::Place::~Place() {
  if (!state_) return;
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->taken.find(holder_);
  if (--found->second == 0) state_->taken.erase(found);
}

CallLimit::CallLimit(std::size_t most_of_each)
    : state_(std::make_shared<Place::State>(most_of_each)) {}

std::optional<CallLimit::Place> CallLimit::take(std::string_view holder) {
  std::string name(holder);
  const std::lock_guard lock(state_->mutex);
  std::size_t& taken = state_->taken[name];
  if (taken == state_->most) return std::nullopt;
  ++taken;
  return Place(state_, std::move(name));
}

std::size_t CallLimit::holders() const {
  const std::lock_guard lock(state_->mutex);
  return state_->taken.size();
}

}  // namespace warren::gateway
