// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_watcher.h"

#include <gmock/gmock.h>

#include <future>
#include <vector>

#include "plan/init_protocol.h"

namespace warren::provider {
namespace {

using ::testing::ElementsAre;

class Heard final : public InitWatcher::Listener {
 public:
  void message(std::uint64_t /*number*/, std::span<const std::byte> message,
               os::Received& /*received*/) override {
    sizes_.push_back(message.size());
  }
  void gone(std::uint64_t /*number*/) override { end_.set_value(sizes_); }

  // The sizes of all messages, once the end has been heard of.
  std::vector<std::size_t> sizes() { return end_.get_future().get(); }

 private:
  std::vector<std::size_t> sizes_;
  std::promise<std::vector<std::size_t>> end_;
};

TEST(InitWatcher, GoesOnAfterAMessageThatItCannotTake) {
  Heard heard;
  const auto watcher = InitWatcher::create(heard).value();
  os::SocketPair sockets = os::make_packet_pair().value();
  ASSERT_TRUE(os::set_nonblocking(sockets.first.get()));
  const std::vector<std::byte> good(sizeof(plan::MessageHead));
  for (const std::vector<std::byte>& message :
       {std::vector<std::byte>(100'000), std::vector<std::byte>(1), good}) {
    ASSERT_TRUE(os::send_message(sockets.second.get(), message, {}));
  }
  ASSERT_TRUE(watcher->watch(sockets.first.get(), 1));
  sockets.second.reset();
  EXPECT_THAT(heard.sizes(), ElementsAre(good.size()));
}

}  // namespace
}  // namespace warren::provider
