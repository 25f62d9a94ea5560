// SPDX-License-Identifier: Apache-2.0

#include "gateway/forward.h"

#include <boost/asio/this_coro.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/co_try.h"
#include "gateway/client_pipes.h"
#include "gateway/output_reader.h"
#include "gateway/remote_message.h"
#include "loop/gate.h"
#include "loop/signal.h"
#include "loop/task.h"

namespace warren::gateway {
namespace {

// Messages of the engine's that are here before the client has taken one.
constexpr std::uint32_t kCredit = 2;

// Of a message that comes after the first: it is held until the pipe has taken what is in it.
constexpr std::size_t kLargestOfPieces = kLargestPiece + 1024;

Result<> check_size(const std::string& request) {
  if (request.size() <= kLargestOfPieces) return {};
  return fail(Errc::kInvalidArgument, "a message with pieces has {} bytes, and may have {}",
              request.size(), kLargestOfPieces);
}

// One call under way. Up to three coroutines work at it: what the engine says, what the client says
// later, and the output. The first of them is the handler; when it returns, the second may still
// wait for a message of the client, and nothing else.
class Forwarding : public std::enable_shared_from_this<Forwarding> {
 public:
  Forwarding(loop::Executor executor, Stream& stream)
      : executor_(std::move(executor)), stream_(stream), written_(executor_) {}

  [[nodiscard]] loop::Task<Result<>> serve(std::shared_ptr<wire::AsyncChannel> engine);

 private:
  [[nodiscard]] loop::Task<Result<>> pass_messages();
  [[nodiscard]] loop::Task<Result<>> pass(wire::AsyncMessage message);
  [[nodiscard]] Result<> take(std::vector<wire::Handed> handed);

  [[nodiscard]] static loop::Task<> run_output(std::shared_ptr<Forwarding> self);
  [[nodiscard]] loop::Task<Result<>> pass_output();

  [[nodiscard]] static loop::Task<> run_requests(std::shared_ptr<Forwarding> self);
  [[nodiscard]] loop::Task<Result<>> take_requests();

  [[nodiscard]] static loop::Task<> tell_of_end(std::shared_ptr<Forwarding> self, Channel channel);
  [[nodiscard]] loop::Task<Result<>> write(std::string message);
  void abandon(const Result<>& result);
  [[nodiscard]] loop::Task<> close();

  loop::Executor executor_;
  Stream& stream_;
  std::unique_ptr<wire::AsyncCall> call_;
  std::shared_ptr<ClientPipes> pipes_;
  std::optional<v1::Remote::Replay> replay_;
  std::unique_ptr<OutputReader> output_;
  loop::Gate output_sent_;
  std::optional<std::string> last_;  // Behind the output, if it is the last message.
  std::optional<Error> failure_;     // Of another coroutine than the handler.
  bool is_writing_ = false;
  bool is_over_ = false;
  loop::Signal written_;
};

loop::Task<Result<>> Forwarding::serve(std::shared_ptr<wire::AsyncChannel> engine) {
  WARREN_CO_TRY(std::optional<std::string> request, co_await stream_.read());
  if (!request) co_return fail(Errc::kInvalidArgument, "there is no request");
  WARREN_CO_TRY(v1::Remote remote, remote_of(*request));
  if (!remote.pieces().empty()) {
    co_return fail(Errc::kInvalidArgument, "a piece in the first request: nothing was handed over");
  }
  if (remote.has_replay()) replay_ = std::move(*remote.mutable_replay());
  pipes_ = std::make_shared<ClientPipes>(executor_, [weak = weak_from_this()](Channel channel) {
    const auto self = weak.lock();
    if (self) loop::spawn(self->executor_, tell_of_end(self, channel));
  });
  call_ = engine->open(stream_.method().substr(1), *std::move(request), kCredit);
  if (remote.more()) {
    loop::spawn(executor_, run_requests(shared_from_this()));
  } else {
    pipes_->close();
  }
  Result<> passed = co_await pass_messages();
  co_await close();
  if (failure_) co_return std::unexpected(*failure_);
  co_return passed;
}

loop::Task<Result<>> Forwarding::pass_messages() {
  for (;;) {
    Result<std::optional<wire::AsyncMessage>> message = co_await call_->next();
    if (message && *message) {
      WARREN_CO_TRY(co_await pass(**std::move(message)));
      continue;
    }
    if (output_) {
      if (message) output_->finish();
      if (!message) output_->leave_off();
      co_await output_sent_.wait();
    }
    if (!message) co_return std::unexpected(message.error());
    if (last_) {
      WARREN_CO_TRY(co_await write(*std::move(last_)));
    }
    // Which goes on behind the end of a call that is detached.
    co_await pipes_->wait_for_end(v1::Remote::Piece::CHANNEL_ARCHIVE);
    co_return Result<>{};
  }
}

// A message that comes while output is sent may be the one that says that there is no more of it.
// So it waits until it is known to be the last one, which then follows all of the output, or not.
loop::Task<Result<>> Forwarding::pass(wire::AsyncMessage message) {
  if (last_) {
    std::string held = *std::move(last_);
    last_.reset();
    WARREN_CO_TRY(co_await write(std::move(held)));
  }
  std::string bytes = with_handed(std::move(message.bytes), message.handed);
  if (output_) {
    last_ = std::move(bytes);
    co_return take(std::move(message.handed));
  }
  WARREN_CO_TRY(co_await write(std::move(bytes)));
  co_return take(std::move(message.handed));
}

Result<> Forwarding::take(std::vector<wire::Handed> handed) {
  pipes_->take(handed);
  std::optional<output::LogFiles> files = take_log_files(handed);
  if (!files || !replay_ || output_) return {};
  output_ = WARREN_TRY(OutputReader::open(*std::move(files), options_of(*replay_)));
  loop::spawn(executor_, run_output(shared_from_this()));
  return {};
}

loop::Task<> Forwarding::run_output(std::shared_ptr<Forwarding> self) {
  const Result<> passed = co_await self->pass_output();
  self->abandon(passed);
  self->output_sent_.open();
}

loop::Task<Result<>> Forwarding::pass_output() {
  bool tells_start = replay_->has_tail();
  for (;;) {
    WARREN_CO_TRY(std::optional<OutputPiece> piece, co_await output_->next(kLargestPiece));
    if (!piece) co_return Result<>{};
    v1::Carrier message;
    if (std::exchange(tells_start, false)) {
      add_start(*replay_, output_->offset_of_start(), message);
    }
    for (; piece; piece = output_->next_ready()) add_piece(*std::move(piece), message);
    WARREN_CO_TRY(co_await write(message.SerializeAsString()));
  }
}

loop::Task<> Forwarding::run_requests(std::shared_ptr<Forwarding> self) {
  const Result<> taken = co_await self->take_requests();
  self->abandon(taken);
  self->pipes_->close();
}

loop::Task<Result<>> Forwarding::take_requests() {
  while (!is_over_) {
    WARREN_CO_TRY(const std::optional<std::string> request, co_await stream_.read());
    if (!request) co_return Result<>{};
    WARREN_CO_TRY(check_size(*request));
    WARREN_CO_TRY(v1::Remote remote, remote_of(*request));
    for (v1::Remote::Piece& piece : *remote.mutable_pieces()) {
      WARREN_CO_TRY(co_await pipes_->put(std::move(piece)));
    }
  }
  co_return Result<>{};
}

loop::Task<> Forwarding::tell_of_end(std::shared_ptr<Forwarding> self, Channel channel) {
  std::ignore = co_await self->write(message_of_end(channel));
}

loop::Task<Result<>> Forwarding::write(std::string message) {
  while (is_writing_) co_await written_.wait();
  if (is_over_) co_return fail(Errc::kUnavailable, "the call is over");
  is_writing_ = true;
  Result<> sent = co_await stream_.write(std::move(message));
  is_writing_ = false;
  written_.notify();
  co_return sent;
}

// Ends the call, for a reason that its handler is to return.
void Forwarding::abandon(const Result<>& result) {
  if (result || is_over_) return;
  if (!failure_) failure_ = result.error();
  call_->cancel();
}

// From here on nobody uses the stream, but for a read that is under way.
loop::Task<> Forwarding::close() {
  call_->cancel();
  if (output_) {
    output_->leave_off();
    co_await output_sent_.wait();
  }
  is_over_ = true;
  pipes_->close();
  while (is_writing_) co_await written_.wait();
}

}  // namespace

loop::Task<Result<>> forward(Request request) {
  const auto forwarding =
      std::make_shared<Forwarding>(co_await boost::asio::this_coro::executor, request.stream);
  co_return co_await forwarding->serve(std::move(request.engine));
}

}  // namespace warren::gateway
