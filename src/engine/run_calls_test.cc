// SPDX-License-Identifier: Apache-2.0

#include "engine/run_calls.h"

#include <string>

#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class RunCall : public EngineTest {};

TEST_F(RunCall, RefusesAKeyThatIsTooLong) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key(std::string(256, 'k'));
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("255")));
}

TEST_F(RunCall, ARepeatedCallMayHaveNoMoreInputToGive) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key("k");
  request.mutable_spec()->set_input(true);
  const std::string id = run(request)->id();
  request.mutable_spec()->set_input(false);
  EXPECT_EQ(run(request)->id(), id);
}

TEST_F(RunCall, TheEndOfTheEngineIsNotThatOfItsClients) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.mutable_spec()->set_stop_on_client_exit(true);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  ASSERT_TRUE(channel.next().has_value());
  wait_for_state("1", "RUNNING");
  ASSERT_TRUE(call<v1::Empty>(wire::kShutdown, v1::Empty()).has_value());
  engine_->join();
  restart();
  EXPECT_EQ(on_node(wire::kGet, "1")->state(), "RUNNING");
}

TEST_F(RunCall, StopsAJobWhoseClientCameBackAndHasGone) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_idempotency_key("k");
  request.mutable_spec()->set_stop_on_client_exit(true);
  const std::string id = run(request)->id();
  request.set_detach(false);
  {
    wire::ClientChannel channel = connect();
    ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
    ASSERT_TRUE(channel.next().has_value());
  }
  EXPECT_EQ(wait(id).cause(), "stopped-by(root)");
}

}  // namespace
}  // namespace warren::engine
