// SPDX-License-Identifier: Apache-2.0
//
// Handlers of Joblet's methods between a client and an engine whose jobs a test plays: frames on a
// real socket, all on the test's own thread.

#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/methods.h"
#include "gateway/permits.h"
#include "tests/support/listening_socket.h"
#include "tests/support/log_files.h"
#include "warren/v1/engine.pb.h"
#include "wire/async_channel.h"
#include "wire/server.h"

namespace warren::gateway {

// What the engine answers, and what it was asked.
struct Play {
  std::vector<v1::Node> nodes{};            // Those that it knows.
  v1::Node begun{};                         // What Run makes; known from then on.
  bool starts_at_once = true;               // Otherwise the job waits for its turn.
  bool reads_uploads = true;                // Otherwise it breaks them off.
  std::map<std::string, Error> refusals{};  // By the call's name.
  std::unique_ptr<test::LogOnDisk> log{};   // Of every job; none: there is nothing to read.
  std::vector<v1::Usage> readings{};        // What Stats tells, a second after the other.

  std::vector<v1::RunRequest> runs{};
  std::vector<v1::StopRequest> stops{};
  std::vector<v1::StatsRequest> measured{};
  std::vector<std::string> deleted{};
  std::string archive{};         // What was uploaded.
  bool holds_others_up = false;  // The request, once that was over.
};

class PlayedEngineTest : public ::testing::Test {
 public:
  ~PlayedEngineTest() override;
  PlayedEngineTest(const PlayedEngineTest&) = delete;
  PlayedEngineTest& operator=(const PlayedEngineTest&) = delete;

 protected:
  struct Served {
    Result<> status;
    std::vector<std::string> messages;

    template <typename Message>
    [[nodiscard]] Message only() const {
      EXPECT_TRUE(status) << status.error().message;
      EXPECT_EQ(messages.size(), 1U);
      Message message;
      EXPECT_TRUE(!messages.empty() && message.ParseFromString(messages.front()));
      return message;
    }
  };

  PlayedEngineTest();

  // Has the handler of "JobletService/RunJob" serve one request.
  Served call(const std::string& method, const std::string& request = "");

  // Adds a job to those that the engine knows.
  v1::Node& know(std::string id, std::uint64_t seq, std::string state);

  Play play_;

 private:
  template <typename T>
  using Task = boost::asio::awaitable<T>;
  using CallPtr = std::shared_ptr<wire::Call>;
  using Serve = Task<Result<>> (PlayedEngineTest::*)(CallPtr);

  void handle(std::string_view method, Serve serve);
  template <typename T>
  T run_loop(Task<T> task);
  [[nodiscard]] Result<v1::Node> find(std::string_view name) const;

  Task<Result<>> serve_client(const Method& method, Stream& client);
  Task<Result<>> serve(std::string name, Serve serve, CallPtr call);
  Task<Result<>> run(CallPtr call);
  Task<Result<>> take_uploads(CallPtr call, v1::RunEvent first);
  Task<Result<>> get(CallPtr call);
  Task<Result<>> stop(CallPtr call);
  Task<Result<>> remove(CallPtr call);
  Task<Result<>> list(CallPtr call);
  Task<Result<>> log(CallPtr call);
  Task<Result<>> stats(CallPtr call);

  test::ListeningSocket socket_;
  boost::asio::io_context io_{1};
  Permits permits_{io_.get_executor(), 1};
  wire::Server server_{io_.get_executor(), socket_.take()};
  std::shared_ptr<wire::AsyncChannel> channel_;
};

}  // namespace warren::gateway
