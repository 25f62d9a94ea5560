// SPDX-License-Identifier: Apache-2.0

#include "client/piece_output.h"

#include <chrono>
#include <utility>

namespace warren::client {
namespace {

using Wire = v1::Remote::Piece;

std::optional<LogStream> stream_of(const Wire& piece) {
  if (piece.channel() == Wire::CHANNEL_STDOUT) return LogStream::kStdout;
  if (piece.channel() == Wire::CHANNEL_STDERR) return LogStream::kStderr;
  return std::nullopt;
}

}  // namespace

v1::Remote::Replay replay_of(const output::LogOptions& options) {
  v1::Remote::Replay replay;
  replay.set_out(options.out);
  replay.set_err(options.err);
  replay.set_offset(options.offset);
  if (options.tail) replay.set_tail(*options.tail);
  if (options.since) replay.set_since(options.since->time_since_epoch().count());
  replay.set_times(options.timestamps);
  return replay;
}

v1::Remote::Replay PieceOutput::rest_of(const output::LogOptions& asked) const {
  v1::Remote::Replay replay = asked_ ? *asked_ : replay_of(asked);
  replay.set_offset(replay.offset() + received_);
  return replay;
}

void PieceOutput::add(v1::Remote answer) {
  if (answer.has_replay() && !asked_) asked_ = std::move(*answer.mutable_replay());
  for (Wire& piece : *answer.mutable_pieces()) {
    const std::optional<LogStream> stream = stream_of(piece);
    if (!stream || piece.data().empty()) continue;
    received_ += piece.data().size();
    const output::LogSegment segment{.stream = *stream,
                                     .offset = 0,
                                     .length = piece.data().size(),
                                     .time = Timestamp(std::chrono::microseconds(piece.at()))};
    pieces_.push_back({.segment = segment, .bytes = std::move(*piece.mutable_data())});
  }
}

Result<std::optional<output::LogSegment>> PieceOutput::next() {
  if (std::exchange(is_first_given_, false)) pieces_.pop_front();
  if (pieces_.empty()) return std::nullopt;
  is_first_given_ = true;
  return pieces_.front().segment;
}

os::KernelResult<std::size_t> PieceOutput::move(const output::LogSegment& segment,
                                                const OutputStream& stream) {
  return stream.write(bytes_of(segment));
}

Result<std::string> PieceOutput::read(const output::LogSegment& segment, std::size_t most) {
  return std::string(bytes_of(segment).substr(0, most));
}

std::string_view PieceOutput::bytes_of(const output::LogSegment& segment) const {
  return std::string_view(pieces_.front().bytes).substr(segment.offset, segment.length);
}

}  // namespace warren::client
