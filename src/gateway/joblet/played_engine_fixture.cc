// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/played_engine_fixture.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <csignal>
#include <future>
#include <utility>

#include "base/co_try.h"
#include "gateway/joblet/joblet_methods.h"
#include "os/socket.h"
#include "tests/support/fake_stream.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::int64_t kFirstReading = 1'752'214'734'000'000;
constexpr std::int64_t kSecond = 1'000'000;

template <typename Message>
Message parse(const wire::Call& call) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(std::string(call.request())));
  return message;
}

asio::awaitable<std::string> read_to_end(os::UniqueFd file) {
  asio::posix::stream_descriptor source(co_await asio::this_coro::executor, file.release());
  std::string all;
  std::array<char, 65536> piece{};
  for (;;) {
    const auto [error, count] =
        co_await source.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
    if (error) co_return all;
    all.append(piece.data(), count);
  }
}

}  // namespace

PlayedEngineTest::PlayedEngineTest() {
  std::ignore = std::signal(SIGPIPE, SIG_IGN);
  play_.begun.set_id("0198f1e2-0000-7000-8000-0000000000aa");
  play_.begun.set_seq(12);
  play_.begun.set_kind("process");
  play_.begun.set_state("RUNNING");
  handle(wire::kRun, &PlayedEngineTest::run);
  handle(wire::kGet, &PlayedEngineTest::get);
  handle(wire::kStop, &PlayedEngineTest::stop);
  handle(wire::kDelete, &PlayedEngineTest::remove);
  handle(wire::kList, &PlayedEngineTest::list);
  handle(wire::kLog, &PlayedEngineTest::log);
  handle(wire::kStats, &PlayedEngineTest::stats);
  server_.start();
}

PlayedEngineTest::~PlayedEngineTest() {
  channel_.reset();
  server_.close();
  io_.restart();
  io_.poll();
}

PlayedEngineTest::Served PlayedEngineTest::call(const std::string& method,
                                                const std::string& request) {
  const Methods methods = joblet_methods();
  const std::string path = "/joblet." + method;
  const auto row = std::ranges::find(methods, path, &Method::path);
  if (row == methods.end()) return {.status = fail(Errc::kInternal, "no {}", path), .messages = {}};
  if (!channel_) channel_ = run_loop(wire::AsyncChannel::connect(socket_.path())).value();
  test::FakeStream stream(path, {request});
  Result<> status = run_loop(serve_client(*row, stream));
  return {.status = std::move(status), .messages = stream.written()};
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::serve_client(const Method& method,
                                                                Stream& client) {
  Request request{.stream = client, .engine = channel_};
  request.permit.emplace(co_await permits_.acquire("client"));
  co_return co_await method.handler(std::move(request));
}

v1::Node& PlayedEngineTest::know(std::string id, std::uint64_t seq, std::string state) {
  v1::Node& node = play_.nodes.emplace_back();
  node.set_id(std::move(id));
  node.set_seq(seq);
  node.set_kind("process");
  node.set_state(std::move(state));
  return node;
}

void PlayedEngineTest::handle(std::string_view method, Serve handler) {
  const std::string name(method.substr(method.rfind('/') + 1));
  server_.handle(method, [this, name, handler](CallPtr call) {
    return serve(name, handler, std::move(call));
  });
}

template <typename T>
T PlayedEngineTest::run_loop(Task<T> task) {
  std::future<T> done = asio::co_spawn(io_, std::move(task), asio::use_future);
  io_.restart();
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io_.run_one();
  return done.get();
}

// As the engine: a whole id, a number, a name, the start of an id.
Result<v1::Node> PlayedEngineTest::find(std::string_view name) const {
  for (const v1::Node& node : play_.nodes) {
    if (node.id() == name || std::to_string(node.seq()) == name || node.name() == name ||
        (name.size() >= 6 && node.id().starts_with(name))) {
      return node;
    }
  }
  return fail(Errc::kNotFound, "no node {}", name);
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::serve(std::string name, Serve handler,
                                                         CallPtr call) {
  const auto refusal = play_.refusals.find(name);
  if (refusal != play_.refusals.end()) co_return std::unexpected(refusal->second);
  co_return co_await (this->*handler)(std::move(call));
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::run(CallPtr call) {
  play_.runs.push_back(parse<v1::RunRequest>(*call));
  play_.nodes.push_back(play_.begun);
  v1::RunEvent event;
  event.set_id(play_.begun.id());
  if (play_.runs.back().spec().uploads()) co_return co_await take_uploads(call, event);
  if (!play_.starts_at_once) {
    WARREN_CO_TRY(co_await call->send(event.SerializeAsString()));
    co_await call->wait_cancelled();
    co_return Result<>{};
  }
  if (play_.runs.back().stages()) event.mutable_stages();
  co_return co_await call->send(event.SerializeAsString());
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::take_uploads(CallPtr call, v1::RunEvent first) {
  os::Pipe pipe = os::make_pipe().value();
  first.set_has_uploads(true);
  std::vector<wire::Handed> handed;
  handed.push_back({.kind = v1::HANDED_ARCHIVE, .descriptor = std::move(pipe.write)});
  WARREN_CO_TRY(co_await call->send(first.SerializeAsString(), std::move(handed)));
  if (play_.reads_uploads) {
    play_.archive = co_await read_to_end(std::move(pipe.read));
  } else {
    pipe.read.reset();
    play_.nodes.back().set_state("FAILED");
  }
  play_.holds_others_up = permits_.in_use() > 0;
  first.set_has_uploads(false);
  co_return co_await call->send(first.SerializeAsString());
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::get(CallPtr call) {
  WARREN_CO_TRY(const v1::Node node, find(parse<v1::NodeRequest>(*call).node()));
  co_return co_await call->send(node.SerializeAsString());
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::stop(CallPtr call) {
  play_.stops.push_back(parse<v1::StopRequest>(*call));
  WARREN_CO_TRY(v1::Node node, find(play_.stops.back().node()));
  node.set_state("STOPPED");
  node.set_exit_code(143);
  co_return co_await call->send(node.SerializeAsString());
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::remove(CallPtr call) {
  WARREN_CO_TRY(const v1::Node node, find(parse<v1::NodeRequest>(*call).node()));
  play_.deleted.push_back(node.id());
  co_return co_await call->send(v1::Empty().SerializeAsString());
}

// A node in each part, and a sandbox that is no job.
PlayedEngineTest::Task<Result<>> PlayedEngineTest::list(CallPtr call) {
  const auto states = parse<v1::ListRequest>(*call).states();
  for (const v1::Node& node : play_.nodes) {
    const bool is_wanted = states.empty() || std::ranges::count(states, node.state()) > 0;
    if (!is_wanted) continue;
    v1::ListReply part;
    *part.add_nodes() = node;
    part.add_nodes()->set_kind("sandbox");
    WARREN_CO_TRY(co_await call->send(part.SerializeAsString()));
  }
  co_return Result<>{};
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::log(CallPtr call) {
  if (!play_.log) co_return fail(Errc::kNotFound, "opening a log");
  v1::LogEvent event;
  event.set_opened(true);
  std::vector<wire::Handed> handed;
  handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = play_.log->out()});
  handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = play_.log->err()});
  handed.push_back({.kind = v1::HANDED_INDEX, .descriptor = play_.log->index()});
  WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(handed)));
  event.set_opened(false);
  event.set_ended(true);
  co_return co_await call->send(event.SerializeAsString());
}

PlayedEngineTest::Task<Result<>> PlayedEngineTest::stats(CallPtr call) {
  play_.measured.push_back(parse<v1::StatsRequest>(*call));
  std::int64_t at = kFirstReading;
  for (const v1::Usage& usage : play_.readings) {
    v1::StatsEvent event;
    event.set_at(std::exchange(at, at + kSecond));
    *event.add_readings()->mutable_usage() = usage;
    event.mutable_readings(0)->mutable_limits()->set_memory_bytes(std::uint64_t{512} << 20);
    WARREN_CO_TRY(co_await call->send(event.SerializeAsString()));
  }
  co_return Result<>{};
}

}  // namespace warren::gateway
