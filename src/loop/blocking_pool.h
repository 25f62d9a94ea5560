// SPDX-License-Identifier: Apache-2.0
//
// A few threads for what blocks (reads of the store, small files), so that the loop never does.

#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "loop/await_done.h"
#include "loop/task.h"

namespace warren::loop {

class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads) : threads_(threads) {}

  // Runs `work` on one of the threads and resumes on the loop with what it returns. Never write
  // the lambda of `work` inside a co_await.
  template <typename Work>
  [[nodiscard]] Task<std::invoke_result_t<Work&>> run(Work work) {
    using Value = std::invoke_result_t<Work&>;
    auto start = [this, job = std::move(work)](std::move_only_function<void(Value)> done) mutable {
      boost::asio::post(threads_,
                        [job = std::move(job), done = std::move(done)]() mutable { done(job()); });
    };
    return await_done<Value>(std::move(start));
  }

 private:
  boost::asio::thread_pool threads_;  // Joined by its destructor; what has not begun is dropped.
};

}  // namespace warren::loop
