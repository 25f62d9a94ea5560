// SPDX-License-Identifier: Apache-2.0
//
// Coroutines of a program's one loop. Three rules keep GCC 12 correct: no capturing lambda inside
// a co_await expression, WARREN_CO_TRY instead of WARREN_TRY, and no co_await behind && or || in a
// co_return, which awaits whatever stands before it.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace warren::loop {

using Executor = boost::asio::any_io_executor;

template <typename T = void>
using Task = boost::asio::awaitable<T>;

// Runs `task` on the loop, from a later turn on, without anybody waiting for it. An exception,
// which only a lack of memory can cause, ends the program.
void spawn(const Executor& executor, Task<> task);

// The same, but when it returns to a caller on the loop, `task` has come as far as its first wait.
void spawn_at_once(const Executor& executor, Task<> task);

}  // namespace warren::loop
