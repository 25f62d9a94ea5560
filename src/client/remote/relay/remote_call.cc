// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/remote_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "client/remote/relay/status.h"
#include "loop/await_done.h"
#include "loop/gate.h"

namespace warren::relay {
namespace {

using Reactor = grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
using Done = std::move_only_function<void(bool)>;

// What keeps a message in memory, which is the loop's: gRPC lets go of it on a thread of its own.
struct Kept {
  std::shared_ptr<const void> owner;
  loop::Executor executor;
};

void let_go(void* pointer) {
  const std::unique_ptr<Kept> kept(static_cast<Kept*>(pointer));
  boost::asio::post(kept->executor, [owner = std::move(kept->owner)] {});
}

grpc::ByteBuffer to_buffer(Outgoing message, const loop::Executor& executor) {
  if (message.bytes.empty()) {
    const grpc::Slice nothing;
    return {&nothing, 1};
  }
  auto kept = std::make_unique<Kept>(std::move(message.owner), executor);
  const grpc::Slice slice(const_cast<char*>(message.bytes.data()), message.bytes.size(), let_go,
                          kept.release());
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  bytes.reserve(buffer.Length());
  // Fails on a compressed message that cannot be decompressed, and that is none then.
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Lives until gRPC has reported its end, whoever else still knows it.
class GrpcCall final : public RemoteCall,
                       public Reactor,
                       public std::enable_shared_from_this<GrpcCall> {
 public:
  explicit GrpcCall(const loop::Executor& executor) : work_(executor) {}

  void begin(grpc::GenericStub& stub, const std::string& path) {
    self_ = shared_from_this();
    stub.PrepareBidiStreamingCall(&context_, path, {}, this);
    AddHold();  // Reads and writes begin outside of gRPC's own callbacks.
    StartCall();
  }

  loop::Task<std::optional<std::string>> read() override {
    auto start = [this](Done done) {
      on_read_ = std::move(done);
      StartRead(&incoming_);
    };
    const bool is_there = co_await loop::await_done<bool>(std::move(start));
    if (!is_there) co_return std::nullopt;
    co_return to_bytes(incoming_);
  }

  loop::Task<bool> write(Outgoing message, Last last) override {
    outgoing_ = to_buffer(std::move(message), work_.get_executor());
    auto start = [this, last](Done done) {
      on_write_ = std::move(done);
      last == Last::kYes ? StartWriteLast(&outgoing_, {}) : StartWrite(&outgoing_);
    };
    const bool taken = co_await loop::await_done<bool>(std::move(start));
    outgoing_.Clear();
    co_return taken;
  }

  loop::Task<> end_writes() override {
    auto start = [this](Done done) {
      on_write_ = std::move(done);
      StartWritesDone();
    };
    co_await loop::await_done<bool>(std::move(start));
  }

  loop::Task<Result<>> finish() override {
    RemoveHold();
    co_await ended_.wait();
    co_return to_result(status_);
  }

  void cancel() override { context_.TryCancel(); }

  void OnReadDone(bool ok) override { std::exchange(on_read_, nullptr)(ok); }
  void OnWriteDone(bool ok) override { std::exchange(on_write_, nullptr)(ok); }
  void OnWritesDoneDone(bool ok) override { std::exchange(on_write_, nullptr)(ok); }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    boost::asio::post(work_.get_executor(), [self = std::move(self_)] {
      self->ended_.open();
      self->work_.reset();
    });
  }

 private:
  // The loop goes on until gRPC has reported the end.
  boost::asio::executor_work_guard<loop::Executor> work_;
  std::shared_ptr<GrpcCall> self_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  Done on_read_;
  Done on_write_;
  grpc::Status status_;
  loop::Gate ended_;
};

}  // namespace

Outgoing own(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return {.bytes = view, .owner = std::move(owner)};
}

std::shared_ptr<RemoteCall> RemoteCall::start(grpc::GenericStub& stub, const std::string& path,
                                              const loop::Executor& executor) {
  auto call = std::make_shared<GrpcCall>(executor);
  call->begin(stub, path);
  return call;
}

}  // namespace warren::relay
