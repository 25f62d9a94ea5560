// SPDX-License-Identifier: Apache-2.0

#include "client/run_call.h"

#include <poll.h>

#include <tuple>
#include <utility>

#include "client/piece_output.h"

namespace warren::client {
namespace {

bool has_no_reader(const os::UniqueFd& pipe) {
  pollfd state{.fd = pipe.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

Result<wire::CallId> open_run(wire::ClientChannel& channel, const EnginePlace& place,
                              v1::RunRequest request) {
  if (is_elsewhere(place)) {
    v1::Remote& remote = *request.mutable_remote();
    if (request.output()) *remote.mutable_replay() = replay_of({});
    remote.set_more(request.spec().input() || request.spec().uploads());
  }
  return channel.open(wire::kRun, request);
}

Result<os::UniqueFd> take_next(std::vector<os::UniqueFd>& descriptors, std::size_t& next) {
  if (next >= descriptors.size()) {
    return fail(Errc::kInternal, "the engine sent {} descriptors, too few", descriptors.size());
  }
  return std::move(descriptors[next++]);
}

Result<> send_uploads(wire::ClientChannel& channel, const std::string& id,
                      const std::vector<UploadEntry>& uploads, const os::UniqueFd& pipe) {
  auto written = write_archive(uploads, pipe.get());
  // Where the engine takes no more of it, the job has failed, and the engine knows why.
  if (written || has_no_reader(pipe)) return {};
  v1::StopRequest request;
  request.set_node(id);
  request.set_grace_ms(0);
  std::ignore = channel.exchange(wire::kStop, request);  // The reason is the upload's.
  return written;
}

}  // namespace warren::client
