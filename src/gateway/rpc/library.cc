// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/library.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>

#include <array>
#include <cstddef>
#include <utility>

#include "gateway/limited_log.h"
#include "gateway/methods.h"

namespace warren::gateway {
namespace {

// Milliseconds, where it matters.
constexpr std::array<std::pair<const char*, int>, 13> kArguments{{
    {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 5'000},
    {GRPC_ARG_MAX_CONCURRENT_STREAMS, 128},
    {GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024},
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    // All calls that begin within what is read at once are there before the first of them is seen.
    {GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, 64 * 1024},
    {GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60'000},
    {GRPC_ARG_KEEPALIVE_TIME_MS, 60'000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000},
    // A client may ask as often as we do, also while it has no call.
    {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000},
    {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
    // A small message that unpacks to a large one is a way around every bound of its size.
    {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
    {GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
    // The library's own statistics about each connection.
    {GRPC_ARG_ENABLE_CHANNELZ, 0},
}};

void write_line(gpr_log_func_args* line) {
  log_limited(fmt::format("gRPC: {}", line->message));
}

}  // namespace

void keep_library() {
  ::grpc_init();
}

void limit_library_log() {
  ::gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  ::gpr_set_log_function(write_line);
}

void set_bounds(grpc::ServerBuilder& builder, Bytes max_memory) {
  grpc::ResourceQuota quota("gateway");
  quota.Resize(max_memory.value);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kLargestUploadRequest));
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  for (const auto& [name, value] : kArguments) builder.AddChannelArgument(name, value);
}

}  // namespace warren::gateway
