// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/library_end.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "os/context.h"
#include "os/socket.h"

namespace warren::gateway {
namespace {

// Whoever cannot send more waits. The kernel doubles it.
constexpr int kUnsent = 64 * 1024;

std::string chance() {
  std::random_device source;  // getrandom(2)
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", source(), source(), source(), source());
}

os::KernelResult<os::SocketPair> connect(const std::string& name) {
  os::SocketPair pair = WARREN_TRY(os::make_stream_pair());
  WARREN_TRY(os::bind_abstract(pair.first.get(), name));
  for (const os::UniqueFd* const end : {&pair.first, &pair.second}) {
    WARREN_TRY(os::limit_unsent(end->get(), kUnsent));
  }
  return pair;
}

}  // namespace

LibraryEndMaker::LibraryEndMaker() : prefix_("warren-gateway." + chance()) {}

Result<LibraryEnds> LibraryEndMaker::make() {
  const std::string name = fmt::format("{}.{}", prefix_, ++made_);
  os::SocketPair pair =
      WARREN_TRY(os::context(connect(name), "making a connection to the gRPC library"));
  return LibraryEnds{.ours = std::move(pair.first),
                     .librarys = std::move(pair.second),
                     .peer = "unix-abstract:" + name};
}

}  // namespace warren::gateway
