// SPDX-License-Identifier: Apache-2.0
//
// A whole engine over a real socket and a real store, with a fake provider that outlives it, so
// that a second engine can take over what a first one left behind.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tests/support/fake_provider.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/methods.h"

namespace warren::engine {

// One engine on a thread of its own, from its recovery until it is destroyed. Its end leaves the
// provider's sandboxes alone and tells nobody, as a crash would.
class RunningEngine {
 public:
  RunningEngine(test::FakeProvider& provider, const Places& places, Config config, Clock clock)
      : provider_(provider) {
    EXPECT_TRUE(prepare(places, {}).has_value());
    auto locks = lock(places);
    EXPECT_TRUE(locks.has_value());
    config.admin_group = config.viewer_group = "";
    auto engine = Engine::open(loop_, provider,
                               {.places = places,
                                .config = std::move(config),
                                .version = "test",
                                .locks = *std::move(locks),
                                .clock = std::move(clock),
                                .end_patience = std::chrono::minutes(1)});
    EXPECT_TRUE(engine.has_value()) << engine.error().message;
    engine_ = *std::move(engine);
    std::promise<Result<>> ready;
    engine_->start([&ready](Result<> result) { ready.set_value(std::move(result)); });
    thread_ = std::thread([this] { loop_.run(); });
    const Result<> up = ready.get_future().get();
    EXPECT_TRUE(up.has_value()) << up.error().message;
  }
  RunningEngine(const RunningEngine&) = delete;
  RunningEngine& operator=(const RunningEngine&) = delete;
  ~RunningEngine() {
    provider_.detach_observer();
    loop_.stop();
    thread_.join();
    provider_.settle();
    engine_.reset();
  }

  // Waits until the engine has ended by itself.
  void join() {
    thread_.join();
    thread_ = std::thread([] {});
  }

 private:
  test::FakeProvider& provider_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<Engine> engine_;
  std::thread thread_;
};

class EngineTest : public ::testing::Test {
 protected:
  void start(Config config = {}) {
    engine_ = std::make_unique<RunningEngine>(provider_, places_, std::move(config),
                                              [this] { return now() + ahead_; });
  }
  void stop() { engine_.reset(); }
  // While no engine runs: the clock of the next one is ahead of this machine's.
  void set_clock_ahead(Duration ahead) { ahead_ = ahead; }
  [[nodiscard]] static Config with_slots(std::uint32_t slots) {
    Config config;
    config.max_concurrent = slots;
    return config;
  }
  void restart(Config config = {}) {
    stop();
    start(std::move(config));
  }

  [[nodiscard]] wire::ClientChannel connect() {
    auto channel = wire::ClientChannel::connect(places_.runtime_dir / "engine.sock");
    EXPECT_TRUE(channel.has_value()) << channel.error().message;
    return *std::move(channel);
  }

  template <typename Reply>
  [[nodiscard]] Result<Reply> call(std::string_view method,
                                   const google::protobuf::MessageLite& request) {
    wire::ClientChannel channel = connect();
    const std::string bytes = WARREN_TRY(channel.exchange(method, request));
    Reply answer;
    EXPECT_TRUE(answer.ParseFromString(bytes));
    return answer;
  }

  [[nodiscard]] Result<v1::Node> on_node(std::string_view method, const std::string& node) {
    v1::NodeRequest request;
    request.set_node(node);
    return call<v1::Node>(method, request);
  }

  [[nodiscard]] static v1::RunRequest request_for(std::vector<std::string> argv) {
    v1::RunRequest request;
    for (std::string& word : argv) request.mutable_spec()->add_argv(std::move(word));
    request.set_detach(true);
    return request;
  }

  [[nodiscard]] Result<v1::RunEvent> run(const v1::RunRequest& request) {
    return call<v1::RunEvent>(wire::kRun, request);
  }

  // The id of a new job that goes on by itself.
  [[nodiscard]] std::string run(std::vector<std::string> argv) {
    const auto event = run(request_for(std::move(argv)));
    EXPECT_TRUE(event.has_value()) << event.error().message;
    return event ? event->id() : "";
  }

  [[nodiscard]] v1::Node wait(const std::string& node) {
    v1::WaitRequest request;
    request.add_nodes(node);
    const auto answer = call<v1::WaitReply>(wire::kWait, request);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer && answer->nodes_size() == 1 ? answer->nodes(0) : v1::Node();
  }

  // Waits until the clean-up of a job that is to be forgotten has come to its end.
  void await_forgotten(const std::string& sandbox) {
    v1::WaitRequest request;
    request.add_nodes(sandbox);
    std::ignore = call<v1::WaitReply>(wire::kWait, request);  // Or it is gone already.
  }

  // Waits for the event that says that `node` has come to `state`.
  void wait_for_state(const std::string& node, const std::string& state) {
    wire::ClientChannel channel = connect();
    v1::EventsRequest request;
    request.set_node(node);
    request.set_follow(true);
    const auto opened = channel.open(wire::kEvents, request);
    ASSERT_TRUE(opened.has_value());
    for (v1::NodeEvent event; event.state() != state;) {
      const auto next = channel.next();
      ASSERT_TRUE(next.has_value() && !next->end) << node << " never came to " << state;
      ASSERT_TRUE(event.ParseFromString(next->message));
    }
  }

  [[nodiscard]] std::vector<v1::NodeEvent> all_events(const std::string& node = "") {
    wire::ClientChannel channel = connect();
    v1::EventsRequest request;
    request.set_node(node);
    EXPECT_TRUE(channel.open(wire::kEvents, request).has_value());
    std::vector<v1::NodeEvent> events;
    for (;;) {
      auto next = channel.next();
      EXPECT_TRUE(next.has_value());
      if (!next || next->end) return events;
      EXPECT_TRUE(events.emplace_back().ParseFromString(next->message));
    }
  }

  [[nodiscard]] Result<v1::Node> stop_job(const std::string& node, std::uint64_t grace_ms) {
    v1::StopRequest request;
    request.set_node(node);
    request.set_grace_ms(grace_ms);
    return call<v1::Node>(wire::kStop, request);
  }

  [[nodiscard]] static NodeId id_of(const std::string& text) {
    return NodeId::parse(text).value_or(NodeId());
  }

  test::TempDirectory directory_;
  Places places_{.state_dir = directory_.path() / "state",
                 .runtime_dir = directory_.path() / "run"};
  test::FakeProvider provider_{directory_.path()};
  Duration ahead_{};
  std::unique_ptr<RunningEngine> engine_;
};

}  // namespace warren::engine
