// SPDX-License-Identifier: Apache-2.0

#include "loop/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace warren::loop {

void spawn(const Executor& executor, Task<> task) {
  // co_spawn() alone would begin before its caller has gone on.
  boost::asio::post(executor, [executor, task = std::move(task)]() mutable {
    boost::asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
  });
}

}  // namespace warren::loop
