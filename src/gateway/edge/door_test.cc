// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/door.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>

#include "gateway/edge/tls_client_fixture.h"
#include "gateway/endpoint.h"

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 20s;
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kSettings = std::string("\0\0\0\x04\0\0\0\0\0", 9);

std::string frame(FrameKind kind, std::uint8_t flags, std::uint8_t stream, std::string payload) {
  const std::size_t size = payload.size();
  const char head[] = {static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8),
                       static_cast<char>(size),
                       static_cast<char>(kind),
                       static_cast<char>(flags),
                       0,
                       0,
                       0,
                       static_cast<char>(stream)};
  return std::string(head, sizeof head) + payload;
}

// A door, with the test in the library's place.
class DoorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::signal(SIGPIPE, SIG_IGN);  // As the gateway does.
    parties_ = std::make_unique<TlsParties>();
  }
  static void TearDownTestSuite() { parties_.reset(); }

  void open(const Door::Bounds& bounds = {}) {
    context_ = make_tls_context(parties_->files()).value();
    const auto current = [this] {
      const std::lock_guard lock(mutex_);
      return context_;
    };
    door_ = std::make_unique<Door>(current, bounds);
    auto listening = listen_at(*parse_endpoint("127.0.0.1:0"));
    address_ = local_endpoint(listening->get()).value();
    door_->open(*std::move(listening), [this](os::UniqueFd socket) {
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::move(socket));
      changed_.notify_all();
    });
  }
  TlsClient connect(const certs::Identity* identity = &parties_->admin) {
    return {address_, {.identity = identity}};
  }

  void renew(const certs::ServerFiles& files) {
    const TlsContext context = make_tls_context(files).value();
    const std::lock_guard lock(mutex_);
    context_ = context;
  }

  // The library's end of the next connection. It is the test's, and blocks.
  os::UniqueFd take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kDeadline, [this] { return !taken_.empty(); })) return {};
    os::UniqueFd socket = std::move(taken_.front());
    taken_.pop_front();
    return socket;
  }
  static std::string receive(const os::UniqueFd& socket, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size && can_read(socket)) {
      char some[4096];
      const auto count = ::recv(socket.get(), some, std::min(sizeof some, size - bytes.size()), 0);
      if (count <= 0) break;
      bytes.append(some, static_cast<std::size_t>(count));
    }
    return bytes;
  }
  static bool can_read(const os::UniqueFd& socket) {
    pollfd look{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return ::poll(&look, 1, 20'000) == 1;
  }
  static bool is_at_end(const os::UniqueFd& socket) {
    char byte = 0;
    return can_read(socket) && ::recv(socket.get(), &byte, 1, 0) <= 0;
  }
  static void send(const os::UniqueFd& socket, const std::string& bytes) {
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string peer_of(const os::UniqueFd& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    const auto* const bytes = reinterpret_cast<const char*>(&address);
    return "unix-abstract:" +
           std::string(bytes + sizeof(sa_family_t) + 1, size - sizeof(sa_family_t) - 1);
  }

  static std::unique_ptr<TlsParties> parties_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<os::UniqueFd> taken_;
  TlsContext context_;
  std::unique_ptr<Door> door_;
  Endpoint address_{};
};
std::unique_ptr<TlsParties> DoorTest::parties_;

TEST_F(DoorTest, PassesBytesBothWays) {
  open();
  TlsClient client = connect();
  const std::string data = frame(FrameKind::kData, 0, 1, std::string(100'000, 'x'));
  ASSERT_TRUE(client.send(kPreface + kSettings));
  const os::UniqueFd library = take();
  ASSERT_TRUE(client.send(data));
  EXPECT_EQ(receive(library, kPreface.size()), kPreface);
  EXPECT_EQ(receive(library, kSettings.size()), kSettings);
  EXPECT_EQ(receive(library, data.size()), data);
  send(library, kSettings);
  EXPECT_EQ(client.receive(kSettings.size()), kSettings);
}

TEST_F(DoorTest, KnowsWhoseConnectionItIs) {
  open();
  const certs::Identity odd = parties_->issue(certs::Purpose::kClient, "mallory", "root");
  TlsClient admin = connect();
  ASSERT_TRUE(admin.send(kPreface));
  const os::UniqueFd first = take();
  const auto shown = door_->peers().see_call(peer_of(first));
  ASSERT_TRUE(shown && *shown && **shown);
  EXPECT_EQ((**shown)->name, "boss");
  EXPECT_EQ((**shown)->role, model::Role::kAdmin);
  TlsClient mallory = connect(&odd);
  ASSERT_TRUE(mallory.send(kPreface));
  const os::UniqueFd second = take();
  const auto refused = door_->peers().see_call(peer_of(second));
  ASSERT_TRUE(refused && *refused);
  EXPECT_EQ((**refused).error().code, Errc::kPermissionDenied);
  TlsClient nobody = connect(nullptr);
  ASSERT_TRUE(nobody.send(kPreface));
  const os::UniqueFd third = take();
  const auto nothing = door_->peers().see_call(peer_of(third));
  EXPECT_TRUE(nothing && !*nothing);
  EXPECT_NE(peer_of(first), peer_of(second));
}

TEST_F(DoorTest, ForgetsAConnectionThatIsOver) {
  open();
  std::string peer;
  {
    TlsClient client = connect();
    ASSERT_TRUE(client.send(kPreface));
    peer = peer_of(take());
  }
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (door_->peers().see_call(peer) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(door_->peers().see_call(peer));
}

TEST_F(DoorTest, TellsTheLibraryThatAClientIsDone) {
  open();
  TlsClient client = connect();
  ASSERT_TRUE(client.send(kPreface));
  const os::UniqueFd library = take();
  EXPECT_EQ(receive(library, kPreface.size()), kPreface);
  ::SSL_shutdown(client.tls());
  EXPECT_TRUE(is_at_end(library));
  send(library, kSettings);  // The other way is still there.
  EXPECT_EQ(client.receive(kSettings.size()), kSettings);
}

TEST_F(DoorTest, TellsTheClientThatTheLibraryIsDone) {
  open();
  TlsClient client = connect();
  ASSERT_TRUE(client.send(kPreface));
  os::UniqueFd library = take();
  send(library, kSettings);
  library.reset();
  EXPECT_EQ(client.receive(kSettings.size()), kSettings);
  EXPECT_TRUE(client.is_told_of_the_end());
}

TEST_F(DoorTest, EndsWhoBreaksARule) {
  open();
  TlsClient client = connect();
  ASSERT_TRUE(client.send(kPreface));
  const os::UniqueFd library = take();
  EXPECT_EQ(receive(library, kPreface.size()), kPreface);
  send(library, kSettings);
  EXPECT_EQ(client.receive(kSettings.size()), kSettings);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += frame(FrameKind::kPing, 0, 0, "12345678");
  client.send(pings);
  EXPECT_EQ(client.receive(17),
            frame(FrameKind::kGoAway, 0, 0, std::string("\0\0\0\0\0\0\0\x0b", 8)));
  EXPECT_TRUE(client.is_told_of_the_end());
  EXPECT_TRUE(is_at_end(library));
}

TEST_F(DoorTest, HoldsNoMoreThanItsBuffersForALibraryThatDoesNotRead) {
  open();
  TlsClient client = connect();
  ASSERT_TRUE(client.send(kPreface));
  const os::UniqueFd library = take();
  const timeval soon{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(client.socket(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  const std::string data = frame(FrameKind::kData, 0, 1, std::string(16'000, 'x'));
  std::size_t sent = 0;
  while (sent < 64U << 20 && client.send(data)) sent += data.size();
  EXPECT_LT(sent, 64U << 20);
  // What was sent comes once it is read.
  EXPECT_EQ(receive(library, kPreface.size() + sent).size(), kPreface.size() + sent);
}

TEST_F(DoorTest, BearsSomeRenewalsOfKeysAndNoMore) {
  open();
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    TlsClient client = connect();
    ASSERT_TRUE(client.send(kPreface));
    const os::UniqueFd library = take();
    EXPECT_EQ(receive(library, kPreface.size()), kPreface);
    const auto renew_keys = [&client, kind](int times) {
      for (int i = 0; i < times; ++i) {
        ::SSL_key_update(client.tls(), kind);
        if (::SSL_do_handshake(client.tls()) != 1) return;
      }
    };
    renew_keys(64);
    ASSERT_TRUE(client.send(kSettings));
    EXPECT_EQ(receive(library, kSettings.size()), kSettings);
    send(library, kSettings);  // In its new key, if it was asked for one.
    EXPECT_EQ(client.receive(kSettings.size()), kSettings);
    renew_keys(1);
    EXPECT_TRUE(is_at_end(library));
    EXPECT_EQ(client.receive(1), "");
  }
}

TEST_F(DoorTest, EndsWhoseAuthorityIsNotTrustedAnyMore) {
  open();
  TlsClient admin = connect();
  TlsClient nobody = connect(nullptr);
  ASSERT_TRUE(admin.send(kPreface));
  const os::UniqueFd first = take();
  ASSERT_TRUE(nobody.send(kPreface));
  const os::UniqueFd second = take();
  renew(parties_->files());  // A new certificate of the server's is no reason.
  ASSERT_TRUE(admin.send(kSettings));
  EXPECT_EQ(receive(first, kPreface.size() + kSettings.size()), kPreface + kSettings);
  renew(TlsParties().files());
  admin.send(kSettings);
  EXPECT_TRUE(is_at_end(first));
  EXPECT_EQ(admin.receive(1), "");
  ASSERT_TRUE(nobody.send(kSettings));
  EXPECT_EQ(receive(second, kPreface.size() + kSettings.size()), kPreface + kSettings);
}

TEST_F(DoorTest, TakesNothingButHttp2) {
  open();
  TlsClient other(address_, {.identity = &parties_->admin, .protocols = "\x08http/1.1"});
  EXPECT_FALSE(other.is_connected());
  TlsClient older(address_, {.identity = &parties_->admin, .newest = TLS1_2_VERSION});
  EXPECT_FALSE(older.is_connected());
  TlsClient client = connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(client.receive(1), "");
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(taken_.empty());
}

TEST_F(DoorTest, LetsGoOfTheOldestThatHasShownNothing) {
  open({.connections = {.all = 3, .unknown = 2}});
  TlsClient known = connect();
  ASSERT_TRUE(known.send(kPreface));
  const os::UniqueFd library = take();
  EXPECT_EQ(receive(library, kPreface.size()), kPreface);
  TlsClient second = connect(nullptr);
  TlsClient third = connect(nullptr);
  TlsClient fourth = connect(nullptr);
  EXPECT_EQ(second.receive(1), "");
  for (TlsClient* client : {&third, &fourth}) {
    ASSERT_TRUE(client->send(kPreface));
    EXPECT_TRUE(take());
  }
  ASSERT_TRUE(known.send(kSettings));
  EXPECT_EQ(receive(library, kSettings.size()), kSettings);
}

TEST_F(DoorTest, GivesAClientItsShareOfConnections) {
  open({.connections_of_client = 2});
  const certs::Identity alice = parties_->issue(certs::Purpose::kClient, "alice", "");
  TlsClient first = connect();
  ASSERT_TRUE(first.send(kPreface));
  const os::UniqueFd library = take();
  TlsClient second = connect();
  ASSERT_TRUE(second.send(kPreface));
  const os::UniqueFd another = take();
  TlsClient refused = connect();
  EXPECT_EQ(refused.receive(1), "");
  TlsClient other = connect(&alice);
  ASSERT_TRUE(other.send(kPreface));
  EXPECT_TRUE(take());
}

TEST_F(DoorTest, WritesWhatIsLeftBeforeItEnds) {
  open();
  TlsClient client = connect();
  ASSERT_TRUE(client.send(kPreface));
  os::UniqueFd library = take();
  const std::string data = frame(FrameKind::kData, 0, 1, std::string(50'000, 'x'));
  send(library, data);
  door_->close();
  library.reset();
  door_->finish();
  EXPECT_EQ(client.receive(data.size()), data);
  EXPECT_TRUE(client.is_told_of_the_end());
}

}  // namespace
}  // namespace warren::gateway
