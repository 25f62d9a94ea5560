// SPDX-License-Identifier: Apache-2.0
//
// The threads that read files for the coroutines of a loop, so that a slow disk does not hold it
// up. They belong to the loop's execution context, begin with the first who asks for them and end
// with the loop.

#pragma once

#include "loop/blocking_pool.h"
#include "loop/task.h"

namespace warren::gateway {

[[nodiscard]] loop::BlockingPool& reader_threads(const loop::Executor& executor);

}  // namespace warren::gateway
