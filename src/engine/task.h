// SPDX-License-Identifier: Apache-2.0
//
// What the engine's coroutines are made of. src/loop/task.h has the rules.

#pragma once

#include "loop/await_done.h"
#include "loop/blocking_pool.h"
#include "loop/gate.h"
#include "loop/task.h"

namespace warren::engine {

using loop::await_done;
using loop::BlockingPool;
using loop::Executor;
using loop::Gate;
using loop::spawn;
using loop::Task;

}  // namespace warren::engine
