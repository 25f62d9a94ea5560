// SPDX-License-Identifier: Apache-2.0
//
// What is asked of an init while its command runs: its input, and connections to its ports.

#include <spdlog/spdlog.h>

#include <tuple>
#include <utility>

#include "os/context.h"
#include "os/socket.h"
#include "provider/local/local_sandboxes.h"

namespace warren::provider {
namespace {

template <typename T>
Result<> send_order(const LiveSandbox& sandbox, plan::MessageType type, T order) {
  order.head = {.version = plan::kProtocolVersion, .type = type, .bytes = sizeof order};
  const auto bytes = std::as_bytes(std::span(&order, 1));
  const auto sent = os::send_message(sandbox.control.get(), bytes, {});
  if (sent) return {};
  return fail(Errc::kUnavailable, "telling init: {}", os::message(sent.error()));
}

std::unexpected<Error> has_ended() {
  return fail(Errc::kUnavailable, "the sandbox has ended");
}

}  // namespace

void LocalSandboxes::take_input(const NodeId& id, Done<os::UniqueFd> done) {
  controller_->post([this, id, done = std::move(done)]() mutable {
    os::UniqueFd input;
    if (const SandboxPtr sandbox = find(id)) {
      const std::lock_guard lock(mutex_);
      if (sandbox->input == Input::kUnknown) {
        sandbox->on_input = std::move(done);
        return;
      }
      input = std::move(sandbox->input_end);
    }
    done(std::move(input));
  });
}

void LocalSandboxes::release_input(const NodeId& id) {
  const SandboxPtr sandbox = find(id);
  if (!sandbox) return;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(sandbox->input, Input::kNone) == Input::kNone) return;
    sandbox->input_end.reset();
  }
  plan::ReleaseInput order{};
  order.process = kOnlyProcess;
  const auto sent = send_order(*sandbox, plan::MessageType::kReleaseInput, order);
  // One that has just ended needs no end of its input.
  if (!sent) spdlog::debug("releasing the input of {}: {}", id.to_text(), sent.error().message);
}

// News of an adopted command: a kStarted has come, with the input if init holds it, or never will.
void LocalSandboxes::has_input(LiveSandbox& sandbox, os::UniqueFd input) {
  Done<os::UniqueFd> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (sandbox.input == Input::kNone) input.reset();  // Released before it was known.
    if (sandbox.input == Input::kUnknown) sandbox.input = input ? Input::kHeld : Input::kNone;
    waiting = std::exchange(sandbox.on_input, {});
    if (!waiting) {
      sandbox.input_end = std::move(input);
      return;
    }
  }
  waiting(std::move(input));
}

void LocalSandboxes::dial(const NodeId& id, std::uint16_t port, Done<os::UniqueFd> done) {
  controller_->post([this, id, port, done = std::move(done)]() mutable {
    const SandboxPtr sandbox = find(id);
    if (!sandbox || !sandbox->control) return done(has_ended());
    plan::Dial order{};
    order.port = port;
    {
      const std::lock_guard lock(mutex_);
      order.request = next_dial_++;
      sandbox->dials.emplace(order.request, std::move(done));
    }
    const auto sent = send_order(*sandbox, plan::MessageType::kDial, order);
    if (sent) return;
    Done<os::UniqueFd> refused;
    {
      const std::lock_guard lock(mutex_);
      if (auto own = sandbox->dials.extract(order.request)) refused = std::move(own.mapped());
    }
    if (refused) refused(std::unexpected(sent.error()));
  });
}

void LocalSandboxes::has_dialed(LiveSandbox& sandbox, const plan::DialedEvent& event,
                                os::Received& received) {
  Done<os::UniqueFd> done;
  {
    const std::lock_guard lock(mutex_);
    if (auto own = sandbox.dials.extract(event.request)) done = std::move(own.mapped());
  }
  if (!done) return;
  if (event.error == 0 && received.descriptors == 1) return done(std::move(received.fds[0]));
  const os::Errno error{event.error == 0 ? EBADMSG : event.error};
  const Errc code = error == os::Errno{EAGAIN} ? Errc::kResourceExhausted : Errc::kUnavailable;
  done(fail(code, "dialing: {}", os::message(error)));
}

// Init is gone: nobody will answer any more.
void LocalSandboxes::end_talk(LiveSandbox& sandbox) {
  std::map<std::uint32_t, Done<os::UniqueFd>> dials;
  {
    const std::lock_guard lock(mutex_);
    dials = std::exchange(sandbox.dials, {});
  }
  for (auto& [request, done] : dials) done(has_ended());
  has_input(sandbox, os::UniqueFd());
}

}  // namespace warren::provider
