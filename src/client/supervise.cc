// SPDX-License-Identifier: Apache-2.0

#include "client/supervise.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "client/engine_client.h"
#include "client/engine_start.h"
#include "client/keeper.h"
#include "client/program.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"

namespace warren::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartPatience{60'000};  // Of the gateway.
constexpr milliseconds kGatewayPatience{5'000};
// An engine gives back what it has opened on the host, and ends jobs that go with it.
constexpr milliseconds kEnginePatience{60'000};
// Certificates come as several files: from the last change on.
constexpr milliseconds kQuiet{200};

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

std::string_view name_of(std::string_view file) {
  return file.substr(file.rfind('/') + 1);
}

// inotify(7): whether one of `events` is of `name`, or of anything where that is empty.
bool concerns(std::span<const char> events, std::string_view name) {
  while (!events.empty()) {
    inotify_event event{};
    std::memcpy(&event, events.data(), sizeof event);
    const std::string_view changed(events.data() + sizeof event);
    if (name.empty() || (event.len > 0 && changed == name)) return true;
    events = events.subspan(sizeof event + event.len);
  }
  return false;
}

// What it said is why it does not serve.
std::unexpected<Error> not_started(std::string_view name, Child& child, std::string_view said) {
  const auto status = child.end(milliseconds(0));
  if (!said.empty()) return fail(Errc::kUnavailable, "starting {}: {}", name, said);
  return fail(Errc::kUnavailable, "starting {}: it {}", name, end_text(status.value_or(0)));
}

}  // namespace

Result<Services> Services::begin(ServiceOrder order) {
  Services services(std::move(order));
  WARREN_TRY(services.start_engine());
  return services;
}

Result<> Services::open_gateway() {
  const Result<> watched = watch_certificates();
  Result<> opened = stage();  // It says best what is missing.
  if (opened) opened = watched;
  if (opened) opened = start_gateway();
  if (!opened) std::ignore = stop_engine();  // What has failed first is the one to tell.
  return opened;
}

Result<> Services::start_engine() {
  if (const auto channel = wire::ClientChannel::connect(order_.places.socket)) {
    return watch_engine(*channel);
  }
  WARREN_TRY(require_no_keeper(order_.places.runtime_dir));
  auto started = client::start_engine(order_.places, EndsWithUs::kYes);
  if (!started && started.error().code == Errc::kAlreadyExists) {
    return watch_engine(WARREN_TRY(connect_to_other(order_.places, started.error())));
  }
  engine_.child = WARREN_TRY(std::move(started));
  engine_.since = Clock::now();
  return std::exchange(keeps_engine_, true) ? Result<>() : begin_keeping(order_.places.runtime_dir);
}

Result<> Services::watch_engine(const wire::ClientChannel& channel) {
  const pid_t pid = WARREN_TRY(channel.server_pid());
  engine_.found = WARREN_TRY(os::context(os::open_process(pid), "watching the engine"));
  engine_.since = Clock::now();
  return {};
}

Result<> Services::start_gateway() {
  ChildOrder order{.program = gateway_.name,
                   .arguments = {"--runtime-dir", order_.places.runtime_dir, "--listen",
                                 address_.empty() ? order_.listen : address_},
                   .environment = {},
                   .says_on = SaysOn::kStdout,
                   .ends_with_us = EndsWithUs::kYes};
  if (!order_.places.config.empty()) {
    order.arguments.insert(order.arguments.end(), {"--config", order_.places.config});
  }
  Child child = WARREN_TRY(Child::start(std::move(order)));
  const std::string line =
      WARREN_TRY(context(child.first_line(kStartPatience), "starting the gateway"));
  constexpr std::string_view kListening = "listening on ";
  if (!line.starts_with(kListening)) return not_started("the gateway", child, line);
  address_ = line.substr(kListening.size());
  gateway_.child = std::move(child);
  gateway_.since = Clock::now();
  return {};
}

Result<> Services::stage() {
  const auto said = output_of("warren-certs", {"stage", "--dir", order_.certs, "--to",
                                               gateway_directory(), "--user", order_.user});
  return said ? Result<>() : std::unexpected(said.error());
}

Result<> Services::renew_and_stage() {
  if (order_.renew) WARREN_TRY(order_.renew());
  return stage();
}

Result<> Services::watch_certificates() {
  changes_ = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }), "inotify"));
  const std::string directory =
      order_.certs_source.empty() ? order_.certs : directory_of(order_.certs_source);
  const auto watched = os::call([&] {
    return ::inotify_add_watch(changes_.get(), directory.c_str(),
                               IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
  });
  return os::context(watched, "watching the certificates in {}", directory);
}

void Services::add_interests(std::vector<pollfd>& interests) const {
  for (const int fd : {engine_.fd(), gateway_.fd(), changes_.get()}) {
    if (fd >= 0) interests.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
}

int Services::timeout() const {
  std::optional<Clock::time_point> next;
  for (const auto& moment : {engine_.again, gateway_.again, stage_at_}) {
    if (moment && (!next || *moment < *next)) next = moment;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*next - Clock::now());
  return static_cast<int>(std::max(left, milliseconds(0)).count());
}

std::vector<std::string> Services::advance() {
  Notes notes;
  take_end(engine_, notes);
  take_end(gateway_, notes);
  take_changes();
  stage_again(notes);
  start_again(engine_, &Services::start_engine, notes);
  start_again(gateway_, &Services::start_gateway, notes);
  return notes;
}

void Services::take_end(Service& service, Notes& notes) {
  pollfd ended{.fd = service.fd(), .events = POLLIN, .revents = 0};
  if (ended.fd < 0 || ::poll(&ended, 1, 0) <= 0) return;
  const auto status = service.child ? service.child->reap() : std::nullopt;
  const auto lifetime = std::chrono::floor<milliseconds>(Clock::now() - service.since);
  const milliseconds pause = service.pause.after(lifetime);
  service.child.reset();
  service.found.reset();
  is_over_ = is_over_ || is_end_of_all(service, status);
  if (is_over_) return;
  service.again = Clock::now() + pause;
  notes.push_back(fmt::format("{} {}; it is started again in {} ms", service.name,
                              status ? end_text(*status) : "has ended", pause.count()));
}

// An engine ends by itself when it is told to, and for no other reason; a signal or a failure are
// accidents. One that has taken the place of ours says by removing its socket that it was told to;
// one that was there before ours is none that this program keeps.
bool Services::is_end_of_all(const Service& service, std::optional<int> status) const {
  if (&service != &engine_) return false;
  if (status) return *status == 0;
  return keeps_engine_ && ::access(order_.places.socket.c_str(), F_OK) != 0;
}

void Services::start_again(Service& service, Result<> (Services::*start)(), Notes& notes) {
  if (!service.again || Clock::now() < *service.again) return;
  service.again.reset();
  const auto started = (this->*start)();
  if (started) {
    notes.push_back(fmt::format("{} serves again", service.name));
    return;
  }
  const milliseconds pause = service.pause.after(milliseconds(0));
  service.again = Clock::now() + pause;
  notes.push_back(fmt::format("{}; again in {} ms", started.error().message, pause.count()));
}

void Services::take_changes() {
  std::array<char, 4096> events;
  const std::string_view name = name_of(order_.certs_source);
  for (;;) {
    const auto count = os::read_some(changes_.get(), std::as_writable_bytes(std::span(events)));
    if (!count || *count == 0) return;
    if (concerns(std::span(events).first(*count), name)) stage_at_ = Clock::now() + kQuiet;
  }
}

void Services::stage_again(Notes& notes) {
  if (!stage_at_ || Clock::now() < *stage_at_) return;
  stage_at_.reset();
  const auto staged = renew_and_stage();
  notes.push_back(staged ? "the gateway has the certificates that are there now"
                         : fmt::format("{}; the old ones stay", staged.error().message));
}

Result<> Services::stop_gateway() {
  gateway_.again.reset();
  if (!gateway_.child) return {};
  Child child = *std::exchange(gateway_.child, std::nullopt);
  const auto ended = child.end(kGatewayPatience);
  return ended ? Result<>() : std::unexpected(ended.error());
}

Result<> Services::stop_engine() {
  engine_.again.reset();
  if (!std::exchange(keeps_engine_, false)) return {};
  stop_keeping(order_.places.runtime_dir);
  if (!engine_.child) return end_found_engine();
  Child child = *std::exchange(engine_.child, std::nullopt);
  const auto ended = child.end(kEnginePatience);
  return ended ? Result<>() : std::unexpected(ended.error());
}

// Somebody has started it by hand where ours had died. It ends as ours would.
Result<> Services::end_found_engine() {
  if (!engine_.found) return {};
  std::ignore = os::send_signal(engine_.found.get(), SIGTERM);  // It may have ended by itself.
  pollfd ended{.fd = engine_.found.get(), .events = POLLIN, .revents = 0};
  const auto patience = static_cast<int>(kEnginePatience.count());
  return os::context(os::call([&] { return ::poll(&ended, 1, patience); }),
                     "waiting for the engine to end");
}

}  // namespace warren::client
