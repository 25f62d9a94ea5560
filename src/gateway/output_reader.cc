// SPDX-License-Identifier: Apache-2.0

#include "gateway/output_reader.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <tuple>
#include <utility>

#include "base/co_try.h"
#include "gateway/reader_threads.h"
#include "loop/signal.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::gateway {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;
using Pieces = std::deque<OutputPiece>;

// How many pieces are read at a time, of a log of small ones.
constexpr std::size_t kMostPieces = 512;

enum class Outlook : std::uint8_t {
  kMoreToCome,
  kUnknown,  // leave_off()
  kOver,     // finish()
};

// A walk over the files, for one thread at a time.
class Walk {
 public:
  Walk(output::LogFiles files, const output::LogOptions& options)
      : files_(std::move(files)), cursor_(files_, options) {}
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // At most `most` bytes, in one piece or several; none when all that is written has been read.
  [[nodiscard]] Result<Pieces> read(std::size_t most, bool is_over);
  // Once something has been read.
  [[nodiscard]] std::uint64_t offset_of_start() const noexcept { return offset_of_start_; }

 private:
  [[nodiscard]] Result<> seek();
  [[nodiscard]] Result<OutputPiece> read_segment(std::size_t most);

  output::LogFiles files_;
  output::LogCursor cursor_;
  std::optional<output::LogSegment> segment_;  // What remains of it to be read.
  bool has_sought_ = false;
  std::uint64_t offset_of_start_ = 0;
};

Result<> Walk::seek() {
  WARREN_TRY(cursor_.seek_tail());
  offset_of_start_ = WARREN_TRY(cursor_.offset_of_start());
  return {};
}

Result<Pieces> Walk::read(std::size_t most, bool is_over) {
  if (!std::exchange(has_sought_, true)) WARREN_TRY(seek());
  if (is_over) cursor_.finish();
  Pieces pieces;
  while (most > 0 && pieces.size() < kMostPieces) {
    if (!segment_) segment_ = WARREN_TRY(cursor_.next());
    if (!segment_) break;
    OutputPiece piece = WARREN_TRY(read_segment(most));
    if (piece.bytes.empty()) continue;
    most -= piece.bytes.size();
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Result<OutputPiece> Walk::read_segment(std::size_t most) {
  OutputPiece piece{.stream = segment_->stream, .bytes = {}, .time = segment_->time};
  piece.bytes.resize(std::min<std::uint64_t>(segment_->length, most));
  const std::size_t count = WARREN_TRY(
      os::context(os::call_for<std::size_t>([&] {
                    return ::pread(files_.of(piece.stream), piece.bytes.data(), piece.bytes.size(),
                                   static_cast<off_t>(segment_->offset));
                  }),
                  "reading the log"));
  piece.bytes.resize(count);
  segment_->offset += count;
  segment_->length -= count;
  // A file that ends early has lost what the index says of it: a full disk, or a crash.
  if (count == 0 || segment_->length == 0) segment_.reset();
  return piece;
}

// Growth of the files, as the epoll tells that came with them; without one, there is none.
class Growth {
 public:
  Growth(const loop::Executor& executor, os::UniqueFd event) : event_(executor), ended_(executor) {
    if (event) event_.assign(event.release());
  }

  // From here on only what grows later wakes who waits.
  void take_notice() {
    epoll_event ready;
    if (event_.is_open()) {
      std::ignore = os::call([&] { return ::epoll_wait(event_.native_handle(), &ready, 1, 0); });
    }
  }
  // Until the files have grown, or stop_waiting().
  [[nodiscard]] loop::Task<> wait() {
    if (event_.is_open()) {
      co_await event_.async_wait(Descriptor::wait_read,
                                 boost::asio::as_tuple(boost::asio::use_awaitable));
    } else {
      co_await ended_.wait();
    }
  }
  void stop_waiting() {
    boost::system::error_code ignored;
    event_.cancel(ignored);
    ended_.notify();
  }

 private:
  Descriptor event_;
  loop::Signal ended_;
};

class FileReader : public OutputReader {
 public:
  FileReader(output::LogFiles files, const output::LogOptions& options)
      : state_(std::make_shared<State>(std::move(files), options)) {}
  ~FileReader() override { look_forward_to(Outlook::kUnknown); }
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  [[nodiscard]] loop::Task<Result<std::optional<OutputPiece>>> next(std::size_t most) override {
    return next_of(state_, most);
  }
  [[nodiscard]] std::optional<OutputPiece> next_ready() override { return take(state_->ready); }
  [[nodiscard]] std::uint64_t offset_of_start() const override {
    return state_->walk->offset_of_start();
  }
  void finish() override { look_forward_to(Outlook::kOver); }
  void leave_off() override { look_forward_to(Outlook::kUnknown); }

 private:
  // Outlives the reader while somebody waits or reads.
  struct State {
    State(output::LogFiles files, const output::LogOptions& options)
        : event(std::move(files.event)), walk(std::make_shared<Walk>(std::move(files), options)) {}

    os::UniqueFd event;
    std::shared_ptr<Walk> walk;  // The last to let go of it may be another thread.
    std::optional<Growth> growth;
    Pieces ready;  // Read, and not yet given.
    Outlook outlook = Outlook::kMoreToCome;
  };

  [[nodiscard]] static loop::Task<Result<std::optional<OutputPiece>>> next_of(
      std::shared_ptr<State> state, std::size_t most);
  [[nodiscard]] static std::optional<OutputPiece> take(Pieces& pieces) {
    if (pieces.empty()) return std::nullopt;
    OutputPiece first = std::move(pieces.front());
    pieces.pop_front();
    return first;
  }
  void look_forward_to(Outlook outlook) {
    state_->outlook = std::max(state_->outlook, outlook);
    if (state_->growth) state_->growth->stop_waiting();
  }

  std::shared_ptr<State> state_;
};

loop::Task<Result<std::optional<OutputPiece>>> FileReader::next_of(std::shared_ptr<State> state,
                                                                   std::size_t most) {
  const loop::Executor executor = co_await boost::asio::this_coro::executor;
  if (!state->growth) state->growth.emplace(executor, std::move(state->event));
  while (state->ready.empty()) {
    // Before the read, so that what is written meanwhile is seen by the next one.
    const Outlook outlook = state->outlook;
    state->growth->take_notice();
    auto read = [walk = state->walk, most, outlook] {
      return walk->read(most, outlook == Outlook::kOver);
    };
    WARREN_CO_TRY(state->ready, co_await reader_threads(executor).run(std::move(read)));
    if (!state->ready.empty()) break;
    if (outlook != Outlook::kMoreToCome) co_return std::nullopt;
    if (state->outlook == Outlook::kMoreToCome) co_await state->growth->wait();
  }
  co_return take(state->ready);
}

}  // namespace

Result<std::unique_ptr<OutputReader>> OutputReader::open(output::LogFiles files,
                                                         const output::LogOptions& options) {
  if (!files.out || !files.err || !files.index) {
    return fail(Errc::kInternal, "the engine sent no log");
  }
  return std::make_unique<FileReader>(std::move(files), options);
}

std::optional<output::LogFiles> take_log_files(std::vector<wire::Handed>& handed) {
  output::LogFiles files;
  for (wire::Handed& each : handed) {
    if (each.kind == v1::HANDED_STDOUT) files.out = std::move(each.descriptor);
    if (each.kind == v1::HANDED_STDERR) files.err = std::move(each.descriptor);
    if (each.kind == v1::HANDED_INDEX) files.index = std::move(each.descriptor);
    if (each.kind == v1::HANDED_EVENT) files.event = std::move(each.descriptor);
  }
  std::erase_if(handed, [](const wire::Handed& each) { return !each.descriptor; });
  if (!files.out || !files.err || !files.index) return std::nullopt;
  return files;
}

}  // namespace warren::gateway
