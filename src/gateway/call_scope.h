// SPDX-License-Identifier: Apache-2.0
//
// Everything that one client's call asks the engine for, so that it can be ended at once when the
// client has gone, whatever its handler is waiting for.

#pragma once

#include <memory>
#include <set>

#include "wire/async_channel.h"

namespace warren::gateway {

// A channel whose calls end together.
class CallScope final : public wire::AsyncChannel, public std::enable_shared_from_this<CallScope> {
 public:
  [[nodiscard]] static std::shared_ptr<CallScope> over(std::shared_ptr<wire::AsyncChannel> channel);

  // Cancels the calls that are open, and those that will be.
  void cancel();

  [[nodiscard]] std::unique_ptr<wire::AsyncCall> open(std::string_view method, std::string request,
                                                      std::uint32_t credit) override;
  [[nodiscard]] bool is_lost() const noexcept override { return channel_->is_lost(); }
  [[nodiscard]] std::size_t open_calls() const noexcept override { return channel_->open_calls(); }

 private:
  class Call;

  explicit CallScope(std::shared_ptr<wire::AsyncChannel> channel);

  std::shared_ptr<wire::AsyncChannel> channel_;
  std::set<wire::AsyncCall*> calls_;
  bool is_cancelled_ = false;
};

}  // namespace warren::gateway
