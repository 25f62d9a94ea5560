// SPDX-License-Identifier: Apache-2.0

#include "gateway/job_output.h"

#include <optional>
#include <utility>

#include "base/co_try.h"
#include "face/failure_line.h"
#include "gateway/exchange.h"
#include "gateway/output_reader.h"
#include "model/state.h"
#include "warren/v1/engine.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

bool has_ended_unstarted(const v1::Node& job) {
  const auto state = model::parse_state(job.state());
  return state && model::is_final(*state) && job.started_at() == 0;
}

// Whether there was anything to send.
awaitable<Result<bool>> send_pieces(LogSource& log, std::size_t most, const SendChunk& send) {
  bool has_sent = false;
  for (;;) {
    WARREN_CO_TRY(std::optional<OutputPiece> piece, co_await log.next(most));
    if (!piece) co_return has_sent;
    has_sent = true;
    WARREN_CO_TRY(co_await send(std::move(piece->bytes)));
  }
}

// `read` is how reading the output went, which gave nothing.
awaitable<Result<>> explain(std::shared_ptr<wire::AsyncChannel> engine, const OutputOrder& order,
                            Result<> read, const SendChunk& send) {
  v1::NodeRequest request;
  request.set_node(order.job);
  const Result<v1::Node> job = co_await ask<v1::Node>(std::move(engine), wire::kGet, request);
  if (!job || !has_ended_unstarted(*job)) co_return read;
  std::string line = order.explains ? face::failure_line(*job) : std::string();
  if (line.empty()) co_return Result<>{};
  co_return co_await send(std::move(line));
}

}  // namespace

awaitable<Result<>> send_output(std::shared_ptr<wire::AsyncChannel> engine,
                                const OutputOrder& order, const SendChunk& send) {
  Result<std::unique_ptr<LogSource>> log =
      co_await LogSource::open(engine, order.job, order.options);
  if (log) {
    WARREN_CO_TRY(const bool has_sent, co_await send_pieces(**log, order.largest_chunk, send));
    if (has_sent) co_return Result<>{};
    co_return co_await explain(std::move(engine), order, Result<>(), send);
  }
  // Whoever may not read the output is not told what it would be.
  if (log.error().code != Errc::kNotFound) co_return std::unexpected(log.error());
  co_return co_await explain(std::move(engine), order, std::unexpected(log.error()), send);
}

}  // namespace warren::gateway
