// SPDX-License-Identifier: Apache-2.0
//
// Lets a coroutine of the loop wait for what other threads report through a callback.

#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "loop/task.h"

namespace warren::loop {

// Calls `start` with a callback that takes one T, and resumes on the loop with what the callback
// was given, from whichever thread that happens. Never write the lambda of `start` inside a
// co_await.
template <typename T, typename Start>
[[nodiscard]] Task<T> await_done(Start start) {
  auto initiate = [](auto handler, Start&& begin) {
    begin(std::move_only_function<void(T)>([waiting = std::move(handler)](T value) mutable {
      const auto executor = boost::asio::get_associated_executor(waiting);
      boost::asio::post(executor,
                        [resume = std::move(waiting), result = std::move(value)]() mutable {
                          std::move(resume)(std::move(result));
                        });
    }));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable, std::move(start));
}

}  // namespace warren::loop
