// SPDX-License-Identifier: Apache-2.0

#include "gateway/reader_threads.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <optional>

namespace warren::gateway {
namespace {

constexpr std::size_t kThreads = 2;

class ReaderThreads : public boost::asio::execution_context::service {
 public:
  using key_type = ReaderThreads;

  explicit ReaderThreads(boost::asio::execution_context& context)
      : service(context), pool_(std::in_place, kThreads) {}

  [[nodiscard]] loop::BlockingPool& pool() noexcept { return *pool_; }

 private:
  // Before the loop itself is shut down, to which what they do reports.
  void shutdown() override { pool_.reset(); }

  std::optional<loop::BlockingPool> pool_;
};

}  // namespace

loop::BlockingPool& reader_threads(const loop::Executor& executor) {
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  return boost::asio::use_service<ReaderThreads>(context).pool();
}

}  // namespace warren::gateway
