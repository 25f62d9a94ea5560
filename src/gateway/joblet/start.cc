// SPDX-License-Identifier: Apache-2.0

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/co_try.h"
#include "gateway/exchange.h"
#include "gateway/joblet/jobs.h"
#include "gateway/joblet/upload_archive.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

// How long a client waits to hear that its job runs, where the job has to wait for its turn.
constexpr std::chrono::seconds kPatience{10};

// The call's next message, given up once the patience is over. What it says is in the job's state.
awaitable<void> await_message(std::shared_ptr<wire::AsyncCall> call) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, kPatience);
  timer.async_wait([waiting = std::weak_ptr(call)](const boost::system::error_code& stopped) {
    const std::shared_ptr<wire::AsyncCall> still = waiting.lock();
    if (!stopped && still) still->cancel();
  });
  std::ignore = co_await call->next();
}

std::optional<os::UniqueFd> take_archive(wire::AsyncMessage& message) {
  for (wire::Handed& handed : message.handed) {
    if (handed.kind == v1::HANDED_ARCHIVE) return std::move(handed.descriptor);
  }
  return std::nullopt;
}

}  // namespace

awaitable<Result<AcceptedJob>> ask_for_job(Engine engine, v1::Spec spec,
                                           const std::vector<Upload>& uploads) {
  v1::RunRequest request;
  request.set_detach(true);
  request.set_stages(!spec.has_schedule());  // Not heard of before the job has started.
  spec.set_uploads(!uploads.empty());
  *request.mutable_spec() = std::move(spec);
  std::shared_ptr<wire::AsyncCall> call = engine->open(wire::kRun, request.SerializeAsString());
  WARREN_CO_TRY(std::optional<wire::AsyncMessage> message, co_await call->next());
  v1::RunEvent first;
  if (!message || !first.ParseFromString(message->bytes)) {
    co_return fail(Errc::kInternal, "Run: the engine's answer is malformed");
  }
  AcceptedJob job{.id = first.id()};
  if (std::optional<os::UniqueFd> archive = take_archive(*message)) {
    // An upload that fails fails the job, whose state says why: so it is no error of this call.
    std::ignore = co_await send_archive(*std::move(archive), uploads);
    job.start = std::move(call);
  }
  co_return job;
}

awaitable<Result<v1::Node>> await_start(Engine engine, AcceptedJob job) {
  if (job.start) co_await await_message(std::move(job.start));
  v1::NodeRequest started;
  started.set_node(std::move(job.id));
  co_return co_await ask<v1::Node>(std::move(engine), wire::kGet, started);
}

}  // namespace warren::gateway
