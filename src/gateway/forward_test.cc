// SPDX-License-Identifier: Apache-2.0

#include "gateway/forward.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>

#include "base/co_try.h"
#include "gateway/loop_fixture.h"
#include "gateway/played_client_fixture.h"
#include "loop/signal.h"
#include "os/file.h"
#include "os/socket.h"
#include "tests/support/listening_socket.h"
#include "tests/support/log_files.h"
#include "tests/support/result_matchers.h"
#include "warren/v1/engine.pb.h"
#include "wire/server.h"

namespace warren::gateway {
namespace {

using loop::Task;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Piece = v1::Remote::Piece;

class ForwardTest : public ::testing::Test, protected LoopFixture {
 protected:
  void SetUp() override {
    // As the gateway does: a pipe whose reader has gone is an error, not the end.
    std::signal(SIGPIPE, SIG_IGN);
    for (const char* end : {"archive", "input"}) pipes_[end] = *os::make_pipe();
    play("Echo", &ForwardTest::echo);
    play("Refuse", &ForwardTest::refuse);
    play("Follow", &ForwardTest::follow);
    play("Start", &ForwardTest::start_job);
    engine_.start();
  }

  void play(const std::string& method,
            Task<Result<>> (ForwardTest::*part)(std::shared_ptr<wire::Call>)) {
    engine_.handle("warren.v1.Engine/" + method, [this, part](std::shared_ptr<wire::Call> call) {
      return (this->*part)(std::move(call));
    });
  }
  Task<Result<>> echo(std::shared_ptr<wire::Call> call) {
    WARREN_CO_TRY(co_await call->send(std::string(call->request())));
    co_return co_await call->send("again");
  }
  Task<Result<>> refuse(std::shared_ptr<wire::Call>) {
    co_return fail(Errc::kNotFound, "no such job");
  }
  // Hands over the log, says "more" and "last", each when the test wants it, and ends.
  Task<Result<>> follow(std::shared_ptr<wire::Call> call) {
    std::vector<wire::Handed> handed;
    handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = log_.out()});
    handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = log_.err()});
    handed.push_back({.kind = v1::HANDED_INDEX, .descriptor = log_.index()});
    handed.push_back({.kind = v1::HANDED_EVENT, .descriptor = log_.event()});
    WARREN_CO_TRY(co_await call->send("", std::move(handed)));
    while (!job_has_ended_ && !call->is_cancelled()) co_await engine_goes_on_.wait();
    WARREN_CO_TRY(co_await call->send(event_of(1)));
    co_return co_await call->send(event_of(2));
  }
  // Hands over both pipes, and waits until it is cancelled or the job has ended.
  Task<Result<>> start_job(std::shared_ptr<wire::Call> call) {
    std::vector<wire::Handed> handed;
    handed.push_back(
        {.kind = v1::HANDED_ARCHIVE, .descriptor = std::move(pipes_["archive"].write)});
    handed.push_back({.kind = v1::HANDED_INPUT, .descriptor = std::move(pipes_["input"].write)});
    WARREN_CO_TRY(co_await call->send(event_of(1), std::move(handed)));
    call->on_cancel([this] {
      was_cancelled_ = true;
      engine_goes_on_.notify();
    });
    while (!job_has_ended_ && !was_cancelled_) co_await engine_goes_on_.wait();
    co_return Result<>{};
  }
  static std::string event_of(std::uint64_t seq) {
    v1::RunEvent event;
    event.set_seq(seq);
    return event.SerializeAsString();
  }
  void end_job() {
    job_has_ended_ = true;
    engine_goes_on_.notify();
  }

  void call(const std::string& method) {
    const auto connected = run(wire::AsyncChannel::connect(socket_.path()));
    ASSERT_TRUE(connected);
    channel_ = *connected;
    client_ = std::make_unique<PlayedClient>(io().get_executor(), "/warren.v1.Engine/" + method);
    outcome_ = start(forward({.stream = *client_, .engine = channel_}));
  }
  Result<> outcome() { return finish(std::move(outcome_)); }
  void wait_for_messages(std::size_t count) {
    run_until([&] { return client_->taken().size() >= count; });
  }
  [[nodiscard]] v1::RunEvent taken(std::size_t number) const {
    v1::RunEvent event;
    EXPECT_TRUE(event.ParseFromString(client_->taken().at(number)));
    return event;
  }
  // All that came in pieces of `channel`.
  [[nodiscard]] std::string pieces(Piece::Channel channel) const {
    std::string all;
    for (std::size_t i = 0; i < client_->taken().size(); ++i) {
      const v1::RunEvent event = taken(i);
      for (const Piece& piece : event.remote().pieces()) {
        if (piece.channel() == channel) all += piece.data();
      }
    }
    return all;
  }
  static v1::RunRequest first_request() {
    v1::RunRequest request;
    request.mutable_remote()->set_more(true);
    return request;
  }
  static v1::RunRequest request_for_output() {
    v1::RunRequest request;
    request.mutable_remote()->mutable_replay()->set_out(true);
    request.mutable_remote()->mutable_replay()->set_err(true);
    return request;
  }
  void send_piece(Piece::Channel channel, const std::string& data, bool is_last = false) {
    v1::RunRequest request;
    Piece& piece = *request.mutable_remote()->add_pieces();
    piece.set_channel(channel);
    piece.set_data(data);
    piece.set_end(is_last);
    client_->send(request);
  }
  // What the engine's end of a pipe reads, up to its end.
  std::string read_all(const std::string& end) {
    std::string all;
    const int fd = pipes_[end].read.get();
    EXPECT_TRUE(os::set_nonblocking(fd));
    run_until([&] {
      char bytes[65536];
      const ssize_t count = ::read(fd, bytes, sizeof bytes);
      if (count > 0) all.append(bytes, static_cast<std::size_t>(count));
      if (count < 0) boost::asio::post(io(), [] {});
      return count == 0;
    });
    return all;
  }

  test::ListeningSocket socket_;
  wire::Server engine_{io().get_executor(), socket_.take()};
  loop::Signal engine_goes_on_{io().get_executor()};
  test::LogOnDisk log_;
  std::map<std::string, os::Pipe> pipes_;
  bool job_has_ended_ = false;
  bool was_cancelled_ = false;
  std::shared_ptr<wire::AsyncChannel> channel_;
  std::unique_ptr<PlayedClient> client_;
  std::future<Result<>> outcome_;
};

TEST_F(ForwardTest, PassesMessagesAsTheyAre) {
  call("Echo");
  v1::NodeRequest request;
  request.set_node("7");
  client_->send(request);
  EXPECT_TRUE(outcome());
  EXPECT_THAT(client_->taken(), ElementsAre(request.SerializeAsString(), "again"));
}

TEST_F(ForwardTest, PassesOnTheStatus) {
  call("Refuse");
  client_->send(v1::Empty());
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kNotFound, "no such job"));
}

TEST_F(ForwardTest, LeavesUnknownMethodsToTheEngine) {
  call("Fly");
  client_->send(v1::Empty());
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kUnimplemented, HasSubstr("warren.v1.Engine/Fly")));
}

TEST_F(ForwardTest, WantsARequest) {
  call("Echo");
  client_->send_no_more();
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("no request")));
}

TEST_F(ForwardTest, LosesNoPieceThatComesTooEarly) {
  call("Start");
  v1::RunRequest request = first_request();
  request.mutable_remote()->add_pieces()->set_data("lost");
  client_->send(request);
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("first request")));
  EXPECT_EQ(channel_->open_calls(), 0U);
}

TEST_F(ForwardTest, SendsTheOutputAndTheLastMessageBehindIt) {
  call("Follow");
  log_.write(LogStream::kStdout, "out ");
  client_->send(request_for_output());
  wait_for_messages(2);
  log_.write(LogStream::kStderr, "err ");
  wait_for_messages(3);
  log_.write_without_record(LogStream::kStdout, "torn");
  end_job();
  EXPECT_TRUE(outcome());
  EXPECT_THAT(taken(0).remote().handed(), ElementsAre(v1::HANDED_STDOUT, v1::HANDED_STDERR,
                                                      v1::HANDED_INDEX, v1::HANDED_EVENT));
  EXPECT_EQ(pieces(Piece::CHANNEL_STDOUT), "out torn");
  EXPECT_EQ(pieces(Piece::CHANNEL_STDERR), "err ");
  const std::size_t count = client_->taken().size();
  EXPECT_EQ(taken(count - 2).remote().pieces(0).data(), "torn");
  EXPECT_EQ(taken(count - 1).seq(), 2U) << "behind all output";
}

TEST_F(ForwardTest, SendsNoOutputThatNobodyAskedFor) {
  call("Follow");
  log_.write(LogStream::kStdout, "unheard");
  client_->send(v1::Empty());
  wait_for_messages(1);
  end_job();
  EXPECT_TRUE(outcome());
  EXPECT_EQ(client_->taken().size(), 3U);
  EXPECT_EQ(pieces(Piece::CHANNEL_STDOUT), "");
}

TEST_F(ForwardTest, SendsLargeOutputInPiecesOfBoundedSize) {
  const std::string line(100'000, 'x');
  for (int i = 0; i < 20; ++i) log_.write(LogStream::kStdout, line);
  call("Follow");
  client_->send(request_for_output());
  wait_for_messages(1);
  end_job();
  EXPECT_TRUE(outcome());
  EXPECT_EQ(pieces(Piece::CHANNEL_STDOUT).size(), 2'000'000U);
  for (const std::string& message : client_->taken()) EXPECT_LT(message.size(), 300'000U);
}

TEST_F(ForwardTest, HoldsUpNobodyButTheClientThatStopsTaking) {
  call("Follow");
  client_->send(request_for_output());
  wait_for_messages(1);
  client_->stop_taking();
  for (int i = 0; i < 20; ++i) log_.write(LogStream::kStdout, std::string(100'000, 'x'));
  end_job();
  const auto other = channel_->open("warren.v1.Engine/Echo", "served");
  EXPECT_EQ((*run(other->next()))->bytes, "served");
  EXPECT_EQ(client_->taken().size(), 1U);
  client_->take_again();
  EXPECT_TRUE(outcome());
  EXPECT_EQ(pieces(Piece::CHANNEL_STDOUT).size(), 2'000'000U);
}

TEST_F(ForwardTest, GivesWhatIsOnDiskWhenTheEngineHasGone) {
  call("Follow");
  client_->send(request_for_output());
  wait_for_messages(1);
  log_.write(LogStream::kStdout, "kept");
  engine_.close();
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kUnavailable, HasSubstr("lost")));
  EXPECT_EQ(pieces(Piece::CHANNEL_STDOUT), "kept");
}

TEST_F(ForwardTest, WritesPiecesToTheEnginesPipes) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  EXPECT_THAT(taken(0).remote().handed(), ElementsAre(v1::HANDED_ARCHIVE, v1::HANDED_INPUT));
  const std::string large(256 * 1024, 'a');  // More than a pipe holds.
  for (int i = 0; i < 4; ++i) send_piece(Piece::CHANNEL_ARCHIVE, large);
  send_piece(Piece::CHANNEL_ARCHIVE, "", true);
  EXPECT_EQ(read_all("archive").size(), 4 * large.size());
  send_piece(Piece::CHANNEL_INPUT, "typed", true);
  EXPECT_EQ(read_all("input"), "typed");
  end_job();
  EXPECT_TRUE(outcome());
  client_->leave();
  run_what_is_ready();
}

TEST_F(ForwardTest, HoldsNoMoreThanAPieceForAPipe) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  send_piece(Piece::CHANNEL_ARCHIVE, std::string(256 * 1024 + 1024, 'a'));
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("and may have")));
  client_->leave();
  run_what_is_ready();
}

TEST_F(ForwardTest, WaitsForTheArchiveAfterTheEnginesCallIsOver) {
  job_has_ended_ = true;
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  run_until([&] { return channel_->open_calls() == 0; });
  send_piece(Piece::CHANNEL_ARCHIVE, "tar");
  send_piece(Piece::CHANNEL_ARCHIVE, " and its end", true);
  EXPECT_TRUE(outcome());
  EXPECT_EQ(read_all("archive"), "tar and its end");
  client_->leave();
  run_what_is_ready();
}

TEST_F(ForwardTest, DoesNotWaitForAnArchiveThatNobodyReads) {
  job_has_ended_ = true;
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  pipes_["archive"].read.reset();
  EXPECT_TRUE(outcome());
  client_->leave();
  run_what_is_ready();
}

TEST_F(ForwardTest, EndsAllInputWithTheLastRequest) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  send_piece(Piece::CHANNEL_INPUT, "typed");
  client_->send_no_more();
  EXPECT_EQ(read_all("input"), "typed");
  EXPECT_EQ(read_all("archive"), "");
  end_job();
  EXPECT_TRUE(outcome());
}

TEST_F(ForwardTest, EndsInputAtOnceForAClientThatSendsNone) {
  call("Start");
  client_->send(v1::Empty());
  EXPECT_EQ(read_all("input"), "");
  end_job();
  EXPECT_TRUE(outcome());
}

TEST_F(ForwardTest, TellsThatNobodyReadsItsInput) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  send_piece(Piece::CHANNEL_ARCHIVE, "", true);
  pipes_["input"].read.reset();
  wait_for_messages(2);
  ASSERT_EQ(taken(1).remote().pieces_size(), 1);
  EXPECT_EQ(taken(1).remote().pieces(0).channel(), Piece::CHANNEL_INPUT);
  EXPECT_TRUE(taken(1).remote().pieces(0).end());
  send_piece(Piece::CHANNEL_INPUT, "too late");
  end_job();
  EXPECT_TRUE(outcome());
  client_->leave();
  run_what_is_ready();
}

TEST_F(ForwardTest, RefusesPiecesForWhatWasNotHandedOver) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  send_piece(Piece::CHANNEL_STDOUT, "x");
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("channel 3")));
  run_until([&] { return was_cancelled_; });
}

TEST_F(ForwardTest, EndsTheEnginesCallWithAClientThatLeaves) {
  call("Start");
  client_->send(first_request());
  wait_for_messages(1);
  client_->leave();
  EXPECT_THAT(outcome(), test::HoldsError(Errc::kUnavailable, HasSubstr("gone")));
  run_until([&] { return was_cancelled_; });
}

}  // namespace
}  // namespace warren::gateway
