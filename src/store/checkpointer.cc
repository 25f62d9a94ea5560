// SPDX-License-Identifier: Apache-2.0

#include "store/checkpointer.h"

#include <utility>

#include "os/worker_thread.h"

namespace warren::store {
namespace {

constexpr int kPagesToCheckpointAt = 1024;  // 4 MiB.

}  // namespace

Checkpointer::Checkpointer(Database database) : database_(std::move(database)) {
  thread_ = os::start_thread([this](const std::stop_token& stop) { run(stop); });
}

Checkpointer::~Checkpointer() {
  thread_.request_stop();
  thread_.join();
}

void Checkpointer::log_has_grown(int pages) {
  if (pages < kPagesToCheckpointAt) return;
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
  }
  wake_.notify_one();
}

void Checkpointer::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return due_; })) return;
      due_ = false;
    }
    checkpoint(stop);
  }
}

void Checkpointer::checkpoint(const std::stop_token& stop) {
  // The log starts over only when all of it has been copied. Each pass has what was written during
  // the one before, which is less each time; a reader in the way ends it until the next commit.
  constexpr int kPasses = 8;
  for (int pass = 0; pass < kPasses && !stop.stop_requested(); ++pass) {
    const auto complete = database_.checkpoint();
    // A checkpoint that fails loses nothing: the log keeps everything, and the next commit asks
    // again.
    if (!complete || *complete) return;
  }
}

}  // namespace warren::store
