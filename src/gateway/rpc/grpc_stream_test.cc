// SPDX-License-Identifier: Apache-2.0
//
// Streams of a server and clients of the real library, over a connection of this machine.

#include "gateway/rpc/grpc_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr auto kDeadline = 60s;
constexpr const char* kPath = "/test.Service/Call";

using Conversation = std::function<asio::awaitable<grpc::Status>(GrpcStream&)>;

template <typename Condition>
bool until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  return condition();
}

// Serves every call by one conversation, which runs on a thread of its own.
class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(Conversation conversation)
      : conversation_(std::move(conversation)), thread_([this] { loop_.run(); }) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() override {
    server_->Shutdown(std::chrono::system_clock::now());
    work_.reset();
  }

  [[nodiscard]] std::shared_ptr<grpc::Channel> connect() const {
    return grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                               grpc::InsecureChannelCredentials());
  }
  // Whether every stream that there was has been deleted, and with it its place.
  [[nodiscard]] bool all_are_gone() const {
    return until([&] { return limit_.holders() == 0; });
  }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    std::vector<CallLimit::Place> places;
    places.push_back(*limit_.take("anybody"));
    return GrpcStream::open(
        *context, loop_.get_executor(), std::move(places),
        [this](GrpcStream& stream) { asio::co_spawn(loop_, serve(stream), asio::detached); });
  }
  asio::awaitable<void> serve(GrpcStream& stream) {
    const grpc::Status status = co_await conversation_(stream);
    stream.end(status);
  }

  Conversation conversation_;
  CallLimit limit_{100'000};
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  std::jthread thread_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

grpc::ByteBuffer bytes_of(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string text_of(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  return buffer.DumpToSingleSlice(&slice).ok() ? std::string(slice.begin(), slice.end()) : "";
}

// One call.
class Client {
 public:
  explicit Client(const std::shared_ptr<grpc::Channel>& channel)
      : stream_(Factory::Create(
            channel.get(),
            grpc::internal::RpcMethod(kPath, grpc::internal::RpcMethod::BIDI_STREAMING),
            &context_)) {}

  bool send(const std::string& text) { return stream_->Write(bytes_of(text)); }
  void send_no_more() { stream_->WritesDone(); }
  std::string receive() {
    grpc::ByteBuffer buffer;
    return stream_->Read(&buffer) ? text_of(buffer) : "";
  }
  void cancel() { context_.TryCancel(); }
  grpc::Status finish() { return stream_->Finish(); }

 private:
  using Factory = grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>;

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_;
};

// What the conversations below have seen.
struct Seen {
  std::atomic<bool> began = false;
  std::atomic<bool> ended = false;
  std::atomic<int> cancellations = 0;
  std::atomic<int> late_cancellations = 0;  // Of a call that had ended.
  std::atomic<Errc> error = Errc::kInternal;
};

void note(Seen& seen, const Error& error) {
  seen.error = error.code;
  seen.ended = true;
}

asio::awaitable<grpc::Status> echo(GrpcStream& stream) {
  for (;;) {
    auto message = co_await stream.read();
    if (!message) co_return grpc::Status(grpc::StatusCode::ABORTED, message.error().message);
    if (!*message) co_return grpc::Status::OK;
    const auto written = co_await stream.write(**std::move(message));
    if (!written) co_return grpc::Status(grpc::StatusCode::ABORTED, written.error().message);
  }
}

asio::awaitable<grpc::Status> read_on(GrpcStream& stream, Seen& seen) {
  seen.began = true;
  stream.on_cancel([&seen] { ++seen.cancellations; });
  const auto message = co_await stream.read();
  if (!message) note(seen, message.error());
  co_return grpc::Status::OK;
}

asio::awaitable<grpc::Status> write_on(GrpcStream& stream, Seen& seen) {
  stream.on_cancel([&seen] { ++seen.cancellations; });
  for (;;) {
    seen.began = true;
    const auto written = co_await stream.write(std::string(1 << 20, 'x'));
    if (written) continue;
    note(seen, written.error());
    co_return grpc::Status::OK;
  }
}

asio::awaitable<void> read_beside(GrpcStream& stream, Seen& seen) {
  const auto message = co_await stream.read();
  if (!message) note(seen, message.error());
}

asio::awaitable<grpc::Status> end_within_read(GrpcStream& stream, Seen& seen) {
  stream.on_cancel([&seen] { ++seen.cancellations; });
  asio::co_spawn(co_await asio::this_coro::executor, read_beside(stream, seen), asio::detached);
  (void)co_await stream.write("said while the read waits");
  co_return grpc::Status::OK;
}

asio::awaitable<grpc::Status> end_at_once(GrpcStream& stream, Seen& seen) {
  const auto is_over = std::make_shared<bool>(false);
  stream.on_cancel(
      [&seen, is_over] { ++(*is_over ? seen.late_cancellations : seen.cancellations); });
  (void)co_await stream.write("said before the end");
  *is_over = true;
  co_return grpc::Status::OK;
}

// A read beside the writes, as where a client sends pieces, and an end of its own accord.
asio::awaitable<grpc::Status> do_all_at_once(GrpcStream& stream, Seen& seen) {
  stream.on_cancel([&seen] { ++seen.cancellations; });
  asio::co_spawn(co_await asio::this_coro::executor, read_beside(stream, seen), asio::detached);
  for (int round = 0; round < 3; ++round) {
    if (!co_await stream.write(std::string(1000, 'x'))) break;
  }
  co_return grpc::Status::OK;
}

asio::awaitable<grpc::Status> read_with(GrpcStream& stream, ReadBounds bounds) {
  stream.set_bounds(bounds);
  const auto message = co_await stream.read();
  if (message) co_return grpc::Status::OK;
  co_return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, message.error().message);
}

asio::awaitable<grpc::Status> write_until_refused(GrpcStream& stream, MakeRoom make_room) {
  stream.make_room_by(std::move(make_room));
  (void)co_await stream.write(std::string(1'000, 'x'));
  for (;;) {
    const auto written = co_await stream.write(std::string(1'000'000, 'x'));
    if (written) continue;
    co_return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, written.error().message);
  }
}

TEST(GrpcStream, CarriesMessagesBothWaysUntilTheClientsLast) {
  Service service(echo);
  Client client(service.connect());
  std::vector<std::string> answers;
  for (const char* const text : {"one", "two"}) {
    EXPECT_TRUE(client.send(text));
    answers.push_back(client.receive());
  }
  client.send_no_more();
  EXPECT_TRUE(client.finish().ok());
  EXPECT_THAT(answers, ElementsAre("one", "two"));
  EXPECT_TRUE(service.all_are_gone());
}

TEST(GrpcStream, RefusesAMessageThatIsLargerThanItMayBe) {
  Service service([](GrpcStream& stream) { return read_with(stream, {.bytes = 3}); });
  Client client(service.connect());
  EXPECT_TRUE(client.send("four"));
  EXPECT_EQ(client.finish().error_message(), "the request has 4 bytes, and may have 3");
  EXPECT_TRUE(service.all_are_gone());
}

TEST(GrpcStream, EndsThoughAReadThatTookTooLongIsUnderWay) {
  Service service([](GrpcStream& stream) { return read_with(stream, {.bytes = 3, .time = 0s}); });
  Client client(service.connect());
  EXPECT_EQ(client.finish().error_message(), "the request took longer than 0 s");
  EXPECT_TRUE(service.all_are_gone());
}

TEST(GrpcStream, ALargeMessageNeedsRoom) {
  std::atomic<int> asked = 0;
  const MakeRoom make_room = [&]() -> Result<Room> {
    if (++asked == 1) return Room();
    return fail(Errc::kResourceExhausted, "there is no room");
  };
  Service service([&](GrpcStream& stream) { return write_until_refused(stream, make_room); });
  Client client(service.connect());
  EXPECT_EQ(client.receive().size(), 1'000U);
  EXPECT_EQ(client.receive().size(), 1'000'000U);
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(client.finish().error_message(), "there is no room");
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(service.all_are_gone());
}

TEST(GrpcStream, AReadFailsWhenTheClientCancels) {
  Seen seen;
  Service service([&](GrpcStream& stream) { return read_on(stream, seen); });
  Client client(service.connect());
  EXPECT_TRUE(until([&] { return seen.began.load(); }));
  client.cancel();
  EXPECT_EQ(client.finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(service.all_are_gone());
  EXPECT_TRUE(seen.ended);
  EXPECT_EQ(seen.error, Errc::kUnavailable);
}

TEST(GrpcStream, AWriteThatNobodyTakesFailsWhenTheClientCancels) {
  Seen seen;
  Service service([&](GrpcStream& stream) { return write_on(stream, seen); });
  Client client(service.connect());
  EXPECT_TRUE(until([&] { return seen.began.load(); }));
  client.cancel();
  EXPECT_EQ(client.finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(service.all_are_gone());
  EXPECT_TRUE(seen.ended);
  EXPECT_EQ(seen.error, Errc::kUnavailable);
}

TEST(GrpcStream, AReadThatIsUnderWayAtTheEndFails) {
  Seen seen;
  Service service([&](GrpcStream& stream) { return end_within_read(stream, seen); });
  Client client(service.connect());
  EXPECT_EQ(client.receive(), "said while the read waits");
  EXPECT_TRUE(client.finish().ok());
  EXPECT_TRUE(service.all_are_gone());
  EXPECT_TRUE(seen.ended);
  EXPECT_EQ(seen.error, Errc::kUnavailable);
}

TEST(GrpcStream, ACancellationAfterTheEndCallsNothing) {
  Seen seen;
  Service service([&](GrpcStream& stream) { return end_at_once(stream, seen); });
  const auto channel = service.connect();
  for (int number = 0; number < 500; ++number) {
    Client client(channel);
    client.receive();  // The end is under way, or has come.
    client.cancel();
    client.finish();
  }
  EXPECT_TRUE(service.all_are_gone());
  EXPECT_EQ(seen.late_cancellations, 0);
}

// Once the context of a call, or the stream itself, was used when the library had done with it.
TEST(GrpcStream, SurvivesCallsThatAreCancelledAtAnyMoment) {
  Seen seen;
  Service service([&](GrpcStream& stream) { return do_all_at_once(stream, seen); });
  const auto cancel_some = [&service](unsigned seed) {
    std::minstd_rand random(seed);
    std::uniform_int_distribution<int> pause(0, 500);
    const auto channel = service.connect();
    for (int number = 0; number < 250; ++number) {
      Client client(channel);
      if (number % 2 == 0) client.send("something");
      std::this_thread::sleep_for(std::chrono::microseconds(pause(random)));
      client.cancel();
      client.finish();
    }
  };
  {
    std::vector<std::jthread> clients;
    for (unsigned seed = 1; seed <= 4; ++seed) clients.emplace_back(cancel_some, seed);
  }
  EXPECT_TRUE(service.all_are_gone());
  EXPECT_GT(seen.cancellations, 0);
}

}  // namespace
}  // namespace warren::gateway
