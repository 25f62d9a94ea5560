// SPDX-License-Identifier: Apache-2.0

#include "loop/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace warren::loop {

void spawn(const Executor& executor, Task<> task) {
  boost::asio::post(executor, [executor, task = std::move(task)]() mutable {
    spawn_at_once(executor, std::move(task));
  });
}

void spawn_at_once(const Executor& executor, Task<> task) {
  boost::asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace warren::loop
