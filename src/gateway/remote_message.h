// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says in the field `remote` of the messages that it passes on, and reads there.
// Adding it to a message is a merge of bytes: of what type that is, nobody needs to know. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/output_reader.h"
#include "output/log_cursor.h"
#include "warren/v1/remote.pb.h"
#include "wire/handed.h"

namespace warren::gateway {

using Channel = v1::Remote::Piece::Channel;

inline constexpr std::size_t kLargestPiece = std::size_t{256} << 10;

// Of a client's message. Fails with kInvalidArgument when that is none.
[[nodiscard]] Result<v1::Remote> remote_of(std::string_view message);

[[nodiscard]] output::LogOptions options_of(const v1::Remote::Replay& replay);

// `message`, and that these came with it.
[[nodiscard]] std::string with_handed(std::string message, const std::vector<wire::Handed>& handed);

// Tells a client what to ask for to have the output once more that begins at this offset now: the
// end of a log that grows is soon somewhere else.
void add_start(const v1::Remote::Replay& asked, std::uint64_t offset, v1::Carrier& carrier);

void add_piece(OutputPiece piece, v1::Carrier& carrier);

// That nothing more is taken on `channel`.
[[nodiscard]] std::string message_of_end(Channel channel);

}  // namespace warren::gateway
