// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/upload_archive.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <tuple>

#include "base/co_try.h"
#include "gateway/joblet/tar_header.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using Pipe = asio::posix::stream_descriptor;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

asio::awaitable<Result<>> write_all(Pipe& pipe, std::array<std::string_view, 3> parts) {
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(parts[0]), asio::buffer(parts[1]),
                                                  asio::buffer(parts[2])};
  const auto [error, written] = co_await asio::async_write(pipe, buffers, kNoThrow);
  if (error) co_return fail(Errc::kUnavailable, "the upload broke off: {}", error.message());
  co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<>> send_archive(os::UniqueFd pipe, const std::vector<Upload>& uploads) {
  Pipe sink(co_await asio::this_coro::executor);
  boost::system::error_code refused;
  sink.assign(pipe.get(), refused);
  if (refused) co_return fail(Errc::kInternal, "the upload cannot begin: {}", refused.message());
  std::ignore = pipe.release();
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  for (const Upload& upload : uploads) {
    const std::string header = tar_header(upload, now);
    const std::string_view padding = tar_padding(upload.content.size());
    WARREN_CO_TRY(co_await write_all(sink, {header, upload.content, padding}));
  }
  co_return co_await write_all(sink, {tar_end(), {}, {}});
}

}  // namespace warren::gateway
