// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/tls_stream.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "gateway/edge/tls_client_fixture.h"

namespace warren::gateway {
namespace {

using Step = TlsStream::Step;
using std::chrono::system_clock;

// One connection: the stream in the test, the client beside it.
class TlsStreamTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { parties_ = std::make_unique<TlsParties>(); }
  static void TearDownTestSuite() { parties_.reset(); }

  void connect(const certs::Identity* identity = &parties_->admin) {
    const auto listening = listen_at(*parse_endpoint("127.0.0.1:0"));
    const Endpoint address = local_endpoint(listening->get()).value();
    auto client = std::async(std::launch::async, [&] {
      return std::make_unique<TlsClient>(address, TlsClient::Options{.identity = identity});
    });
    await(listening->get());
    socket_ =
        os::UniqueFd(::accept4(listening->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    stream_ = TlsStream::accept(context_, socket_.get()).value();
    while (stream_->shake_hands() == Step::kWantsRead) await(socket_.get());
    client_ = client.get();
    ASSERT_TRUE(client_->is_connected());
  }
  static void await(int socket) {
    pollfd look{.fd = socket, .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&look, 1, 20'000), 1);
  }

  static std::unique_ptr<TlsParties> parties_;
  TlsContext context_ = make_tls_context(parties_->files()).value();
  os::UniqueFd socket_;
  std::unique_ptr<TlsStream> stream_;
  std::unique_ptr<TlsClient> client_;
};
std::unique_ptr<TlsParties> TlsStreamTest::parties_;

TEST_F(TlsStreamTest, ReadsWhatThereIs) {
  connect();
  ASSERT_TRUE(client_->send("hello"));
  await(socket_.get());
  std::array<std::byte, 64> bytes{};
  const auto [count, step] = stream_->read(bytes);
  EXPECT_EQ(step, Step::kWantsRead);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), count), "hello");
}

TEST_F(TlsStreamTest, LetsOthersHaveTheirTurnBetweenSmallRecords) {
  connect();
  constexpr std::size_t kRecords = 1000;
  for (std::size_t i = 0; i < kRecords; ++i) ASSERT_TRUE(client_->send("x"));
  std::array<std::byte, 2 * kRecords> bytes{};
  std::size_t all = 0;
  std::size_t reads = 0;
  while (all < kRecords) {
    const auto [count, step] = stream_->read(bytes);
    ASSERT_LE(count, 64U);
    ASSERT_THAT(step, ::testing::AnyOf(Step::kDone, Step::kWantsRead));
    all += count;
    ++reads;
    if (step == Step::kWantsRead && all < kRecords) await(socket_.get());
  }
  EXPECT_GT(reads, kRecords / 100);
}

TEST_F(TlsStreamTest, CountsACertificateUntilItEnds) {
  connect();
  const auto now = system_clock::now();
  EXPECT_TRUE(stream_->still_counts(context_, now));
  EXPECT_TRUE(stream_->still_counts(context_, now + std::chrono::hours(23)));
  EXPECT_FALSE(stream_->still_counts(context_, now + std::chrono::hours(25)));
}

TEST_F(TlsStreamTest, CountsACertificateForAsLongAsItsAuthorityIsTrusted) {
  connect();
  const auto now = system_clock::now();
  certs::ServerFiles renewed = parties_->files();
  const certs::Identity server = parties_->issue(certs::Purpose::kServer, "joblet", "");
  renewed.certificate = server.certificate;
  renewed.key = server.key;
  EXPECT_TRUE(stream_->still_counts(make_tls_context(renewed).value(), now));
  const TlsContext others = make_tls_context(TlsParties().files()).value();
  EXPECT_FALSE(stream_->still_counts(others, now));
}

TEST_F(TlsStreamTest, HasNothingToSayOfWhoHasShownNothing) {
  connect(nullptr);
  const TlsContext others = make_tls_context(TlsParties().files()).value();
  EXPECT_TRUE(stream_->still_counts(others, system_clock::now() + std::chrono::years(100)));
  EXPECT_FALSE(stream_->subject());
}

}  // namespace
}  // namespace warren::gateway
