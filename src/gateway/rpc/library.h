// SPDX-License-Identifier: Apache-2.0
//
// The gRPC library as the gateway sets it up.

#pragma once

#include <grpcpp/server_builder.h>

#include "base/size.h"

namespace warren::gateway {

// Begins the library, which then goes on until the program ends: its own end may wait ten seconds
// for a thread of its that watches a connection whose client was slow.
void keep_library();

// What the library may say of bad clients, which is to standard error: a few lines a second.
void limit_library_log();

// The bounds that the library knows: of time, memory, streams, sizes.
void set_bounds(grpc::ServerBuilder& builder, Bytes max_memory);

}  // namespace warren::gateway
