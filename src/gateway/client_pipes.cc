// SPDX-License-Identifier: Apache-2.0

#include "gateway/client_pipes.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

namespace warren::gateway {
namespace {

std::optional<Channel> channel_of(v1::Handed kind) {
  if (kind == v1::HANDED_INPUT) return v1::Remote::Piece::CHANNEL_INPUT;
  if (kind == v1::HANDED_ARCHIVE) return v1::Remote::Piece::CHANNEL_ARCHIVE;
  return std::nullopt;
}

}  // namespace

void ClientPipes::take(std::vector<wire::Handed>& handed) {
  for (wire::Handed& each : handed) {
    if (const auto channel = channel_of(each.kind)) open(*channel, std::move(each.descriptor));
  }
}

void ClientPipes::open(Channel channel, os::UniqueFd descriptor) {
  const auto [entry, is_new] = pipes_.try_emplace(channel, executor_);
  Pipe& pipe = entry->second;
  if (!is_new || is_closed_) return;
  pipe.assign(descriptor.release());
  watch(channel, pipe);
}

// epoll(7): the end to write to has an error once there is no end to read from.
void ClientPipes::watch(Channel channel, Pipe& pipe) {
  pipe.async_wait(Pipe::wait_error,
                  [weak = weak_from_this(), channel](const boost::system::error_code& error) {
                    const auto self = weak.lock();
                    if (!self || error || self->is_closed_) return;
                    self->end(self->pipes_.at(channel));
                    self->on_broken_(channel);
                  });
}

loop::Task<Result<>> ClientPipes::put(v1::Remote::Piece piece) {
  const auto self = shared_from_this();  // For what is awaited.
  const auto entry = pipes_.find(piece.channel());
  if (entry == pipes_.end()) {
    co_return fail(Errc::kInvalidArgument, "a piece for channel {}, which was not handed over",
                   static_cast<int>(piece.channel()));
  }
  Pipe& pipe = entry->second;
  if (pipe.is_open() && !piece.data().empty()) {
    // Where it fails, nobody reads any more, which watch() hears of.
    co_await boost::asio::async_write(pipe, boost::asio::buffer(piece.data()),
                                      boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  if (piece.end()) end(pipe);
  co_return Result<>{};
}

void ClientPipes::close() {
  is_closed_ = true;
  for (auto& [channel, pipe] : pipes_) end(pipe);
}

loop::Task<> ClientPipes::wait_for_end(Channel channel) {
  const auto self = shared_from_this();
  while (is_open(channel)) co_await ended_.wait();
}

void ClientPipes::end(Pipe& pipe) {
  boost::system::error_code ignored;
  pipe.close(ignored);
  ended_.notify();
}

bool ClientPipes::is_open(Channel channel) const {
  const auto entry = pipes_.find(channel);
  return entry != pipes_.end() && entry->second.is_open();
}

}  // namespace warren::gateway
