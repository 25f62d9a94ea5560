// SPDX-License-Identifier: Apache-2.0

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/co_try.h"
#include "gateway/output_reader.h"
#include "loop/task.h"
#include "warren/v1/engine.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

// A call Log and the files that it has opened.
struct OpenLog {
  std::unique_ptr<wire::AsyncCall> call;
  std::unique_ptr<OutputReader> reader;
  std::optional<Error> failure;  // Why nobody will tell when the log is over.
};

Result<v1::LogEvent> parse(const wire::AsyncMessage& message) {
  v1::LogEvent event;
  if (!event.ParseFromString(message.bytes)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  return event;
}

// Nothing once the engine has said that the log is over, or ends the call without it.
loop::Task<Result<>> wait_for_end(std::shared_ptr<OpenLog> log) {
  for (;;) {
    WARREN_CO_TRY(const std::optional<wire::AsyncMessage> message, co_await log->call->next());
    if (!message) co_return Result<>{};
    WARREN_CO_TRY(const v1::LogEvent event, parse(*message));
    if (event.ended()) co_return Result<>{};
  }
}

loop::Task<> watch(std::shared_ptr<OpenLog> log) {
  const Result<> ended = co_await wait_for_end(log);
  if (ended) {
    log->reader->finish();
  } else {
    log->failure = ended.error();
    log->reader->leave_off();
  }
}

class EngineLog : public LogSource {
 public:
  explicit EngineLog(std::shared_ptr<OpenLog> log) : log_(std::move(log)) {}
  ~EngineLog() override { log_->call->cancel(); }
  EngineLog(const EngineLog&) = delete;
  EngineLog& operator=(const EngineLog&) = delete;

  [[nodiscard]] loop::Task<Result<std::optional<OutputPiece>>> next(std::size_t most) override {
    return next_of(log_, most);
  }

 private:
  [[nodiscard]] static loop::Task<Result<std::optional<OutputPiece>>> next_of(
      std::shared_ptr<OpenLog> log, std::size_t most) {
    WARREN_CO_TRY(std::optional<OutputPiece> piece, co_await log->reader->next(most));
    if (!piece && log->failure) co_return std::unexpected(*log->failure);
    co_return piece;
  }

  std::shared_ptr<OpenLog> log_;
};

}  // namespace

loop::Task<Result<std::unique_ptr<LogSource>>> LogSource::open(
    std::shared_ptr<wire::AsyncChannel> engine, std::string node, output::LogOptions options) {
  v1::LogRequest request;
  request.set_node(std::move(node));
  request.set_follow(true);
  const auto log = std::make_shared<OpenLog>();
  log->call = engine->open(wire::kLog, request.SerializeAsString());
  WARREN_CO_TRY(std::optional<wire::AsyncMessage> first, co_await log->call->next());
  std::optional<output::LogFiles> files;
  if (first) files = take_log_files(first->handed);
  if (!files) co_return fail(Errc::kInternal, "the engine sent no log");
  WARREN_CO_TRY(log->reader, OutputReader::open(*std::move(files), options));
  loop::spawn(co_await boost::asio::this_coro::executor, watch(log));
  co_return std::make_unique<EngineLog>(log);
}

}  // namespace warren::gateway
