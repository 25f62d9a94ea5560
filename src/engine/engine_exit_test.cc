// SPDX-License-Identifier: Apache-2.0
//
// Jobs that end with the engine, and where jobs are while it runs.

#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;

using EngineExit = EngineTest;
using Whereabouts = EngineTest;

TEST_F(EngineExit, StopsWhatIsToEndWithIt) {
  start(with_slots(1));
  v1::RunRequest request = request_for({"stubborn"});
  request.mutable_spec()->set_end_with_engine(true);
  const std::string running = run(request).value().id();
  wait_for_state(running, "RUNNING");
  const std::string waiting = run(request).value().id();
  ASSERT_TRUE(call<v1::Empty>(wire::kShutdown, v1::Empty()).has_value());
  engine_->join();
  EXPECT_EQ(provider_.sandboxes(), 0U);
  restart(with_slots(1));
  const v1::Node ended = on_node(wire::kGet, running).value();
  EXPECT_EQ(ended.state(), "STOPPED");
  EXPECT_EQ(ended.cause(), "stopped-by(engine)");
  wait_for_state(waiting, "RUNNING");  // It had not begun.
}

TEST_F(Whereabouts, OfAJobAreShownWhileItRuns) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  const v1::Node running = on_node(wire::kGet, id).value();
  EXPECT_EQ(running.pid(), 7);
  EXPECT_EQ(running.cgroup(), "/fake/" + running.sandbox());
  EXPECT_THAT(running.attached_pids(), ElementsAre(7, 8));
  provider_.exit_with(id_of(id), 0);
  EXPECT_EQ(wait(id).pid(), 0);
  EXPECT_EQ(on_node(wire::kGet, id)->attached_pids_size(), 0);
}

}  // namespace
}  // namespace warren::engine
