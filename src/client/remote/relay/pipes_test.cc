// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/pipes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <string>

namespace warren::relay {
namespace {

using ::testing::ElementsAre;
using Channel = v1::Remote::Piece::Channel;

// A server that remembers what it was sent, and can stop taking.
class FakeCall : public RemoteCall {
 public:
  loop::Task<std::optional<std::string>> read() override { co_return std::nullopt; }
  loop::Task<bool> write(Outgoing message, Last) override {
    if (!takes) co_return false;
    v1::Carrier request;
    EXPECT_TRUE(request.ParseFromString(std::string(message.bytes)));
    for (const auto& piece : request.remote().pieces()) {
      received[piece.channel()] += piece.data();
      if (piece.end()) received[piece.channel()] += "<end>";
      largest = std::max(largest, piece.data().size());
    }
    co_return true;
  }
  loop::Task<> end_writes() override {
    has_ended = true;
    co_return;
  }
  loop::Task<Result<>> finish() override { co_return Result<>(); }
  void cancel() override {}

  bool takes = true;
  bool has_ended = false;
  std::size_t largest = 0;
  std::map<Channel, std::string> received;
};

v1::Remote handing_over(std::initializer_list<v1::Handed> kinds) {
  v1::Remote answer;
  for (const v1::Handed kind : kinds) answer.add_handed(kind);
  return answer;
}

v1::Remote end_of(Channel channel) {
  v1::Remote answer;
  v1::Remote::Piece& piece = *answer.add_pieces();
  piece.set_channel(channel);
  piece.set_end(true);
  return answer;
}

class PipesTest : public ::testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }
  void TearDown() override {
    loop::spawn(loop_.get_executor(), pipes_.close());
    run();
  }

  // Until nothing more happens by itself.
  void run() {
    loop_.restart();
    while (loop_.poll() > 0) continue;
  }

  std::vector<wire::Handed> take(const v1::Remote& answer) {
    auto handed = pipes_.take(answer);
    EXPECT_TRUE(handed) << handed.error().message;
    return *std::move(handed);
  }

  static bool has_reader(const os::UniqueFd& pipe) {
    pollfd state{.fd = pipe.get(), .events = POLLOUT, .revents = 0};
    return ::poll(&state, 1, 0) >= 0 && (state.revents & POLLERR) == 0;
  }

  static void write(const os::UniqueFd& pipe, const std::string& text) {
    EXPECT_EQ(::write(pipe.get(), text.data(), text.size()), std::ssize(text));
  }

  boost::asio::io_context loop_{1};
  std::shared_ptr<FakeCall> call_ = std::make_shared<FakeCall>();
  Pipes pipes_{call_, loop_.get_executor(), Pipes::Requests::kGoOn};
};

TEST_F(PipesTest, TakeThePlaceOfWhatAClientWritesTo) {
  const auto handed = take(handing_over({v1::HANDED_INPUT, v1::HANDED_ARCHIVE, v1::HANDED_STDOUT,
                                         v1::HANDED_STDERR, v1::HANDED_INDEX, v1::HANDED_EVENT}));
  ASSERT_EQ(handed.size(), 2U);
  EXPECT_EQ(handed[0].kind, v1::HANDED_INPUT);
  EXPECT_EQ(handed[1].kind, v1::HANDED_ARCHIVE);
}

TEST_F(PipesTest, CarryWhatIsWrittenAndItsEnd) {
  auto handed = take(handing_over({v1::HANDED_INPUT, v1::HANDED_ARCHIVE}));
  write(handed[0].descriptor, "typed");
  write(handed[1].descriptor, "packed");
  run();
  EXPECT_EQ(call_->received[v1::Remote::Piece::CHANNEL_INPUT], "typed");
  handed[0].descriptor.reset();
  handed[1].descriptor.reset();
  run();
  EXPECT_EQ(call_->received[v1::Remote::Piece::CHANNEL_INPUT], "typed<end>");
  EXPECT_EQ(call_->received[v1::Remote::Piece::CHANNEL_ARCHIVE], "packed<end>");
}

TEST_F(PipesTest, EndTheRequestsOnceAllHaveEnded) {
  auto handed = take(handing_over({v1::HANDED_INPUT, v1::HANDED_ARCHIVE}));
  pipes_.end_requests_when_done();
  handed[1].descriptor.reset();
  run();
  EXPECT_FALSE(call_->has_ended);
  handed[0].descriptor.reset();
  run();
  EXPECT_TRUE(call_->has_ended);
}

TEST_F(PipesTest, EndTheRequestsAtOnceWhereNothingIsHandedOver) {
  EXPECT_TRUE(take({}).empty());
  pipes_.end_requests_when_done();
  run();
  EXPECT_TRUE(call_->has_ended);
}

TEST_F(PipesTest, LoseTheirReaderWhenTheServerSaysThatNobodyReads) {
  const auto handed = take(handing_over({v1::HANDED_INPUT, v1::HANDED_ARCHIVE}));
  run();
  take(end_of(v1::Remote::Piece::CHANNEL_INPUT));
  run();
  EXPECT_FALSE(has_reader(handed[0].descriptor));
  EXPECT_TRUE(has_reader(handed[1].descriptor));
  EXPECT_EQ(call_->received[v1::Remote::Piece::CHANNEL_INPUT], "") << "the server knows it";
}

TEST_F(PipesTest, LoseTheirReaderWhenTheServerTakesNoMore) {
  const auto handed = take(handing_over({v1::HANDED_INPUT}));
  call_->takes = false;
  write(handed[0].descriptor, "for nobody");
  run();
  EXPECT_FALSE(has_reader(handed[0].descriptor));
  pipes_.end_requests_when_done();
  run();
  EXPECT_FALSE(call_->has_ended) << "nothing may be sent after what was refused";
}

TEST_F(PipesTest, CarryPiecesOfABoundedSize) {
  const auto handed = take(handing_over({v1::HANDED_ARCHIVE}));
  std::string all;
  for (int i = 0; i < 40; ++i) {
    const std::string part(60'000, static_cast<char>('a' + i % 26));
    write(handed[0].descriptor, part);
    all += part;
    run();
  }
  EXPECT_TRUE(call_->received[v1::Remote::Piece::CHANNEL_ARCHIVE] == all);
  EXPECT_LE(call_->largest, std::size_t{256} << 10);
}

}  // namespace
}  // namespace warren::relay
