// SPDX-License-Identifier: Apache-2.0

#include "gateway/remote_message.h"

#include <chrono>
#include <utility>

namespace warren::gateway {

Result<v1::Remote> remote_of(std::string_view message) {
  v1::Carrier carrier;
  if (!carrier.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return fail(Errc::kInvalidArgument, "the request is not a valid message");
  }
  return std::move(*carrier.mutable_remote());
}

output::LogOptions options_of(const v1::Remote::Replay& replay) {
  output::LogOptions options{.out = replay.out(),
                             .err = replay.err(),
                             .offset = replay.offset(),
                             .timestamps = replay.times()};
  if (replay.has_tail()) options.tail = replay.tail();
  if (replay.since() != 0) options.since = Timestamp(std::chrono::microseconds(replay.since()));
  return options;
}

std::string with_handed(std::string message, const std::vector<wire::Handed>& handed) {
  if (handed.empty()) return message;
  v1::Carrier carrier;
  for (const wire::Handed& each : handed) carrier.mutable_remote()->add_handed(each.kind);
  carrier.AppendToString(&message);
  return message;
}

void add_start(const v1::Remote::Replay& asked, std::uint64_t offset, v1::Carrier& carrier) {
  v1::Remote::Replay& replay = *carrier.mutable_remote()->mutable_replay();
  replay = asked;
  replay.clear_tail();
  replay.set_offset(offset);
}

void add_piece(OutputPiece piece, v1::Carrier& carrier) {
  v1::Remote::Piece& sent = *carrier.mutable_remote()->add_pieces();
  sent.set_channel(piece.stream == LogStream::kStdout ? v1::Remote::Piece::CHANNEL_STDOUT
                                                      : v1::Remote::Piece::CHANNEL_STDERR);
  sent.set_data(std::move(piece.bytes));
  sent.set_at(piece.time.time_since_epoch().count());
}

std::string message_of_end(Channel channel) {
  v1::Carrier carrier;
  v1::Remote::Piece& end = *carrier.mutable_remote()->add_pieces();
  end.set_channel(channel);
  end.set_end(true);
  return carrier.SerializeAsString();
}

}  // namespace warren::gateway
