// SPDX-License-Identifier: Apache-2.0

#include "client/cli/each_node.h"

namespace warren::client::cli {

Result<> finish_first(Session& session, wire::ClientChannel& channel,
                      std::deque<wire::CallId>& calls) {
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(channel.next_of(calls.front()));
    if (!event.end) continue;
    session.finish(*event.end);
    calls.pop_front();
    return {};
  }
}

}  // namespace warren::client::cli
