// SPDX-License-Identifier: Apache-2.0

#include "gateway/permits.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <vector>

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;

class PermitsTest : public ::testing::Test {
 protected:
  // Has `name`, which is of `holder`, ask for a permit, and keep it until release().
  void ask(std::string name, std::string holder) {
    asio::co_spawn(loop_, keep(std::move(name), std::move(holder)), asio::detached);
    run();
  }
  void release(const std::string& name) {
    held_.erase(name);
    run();
  }

  asio::io_context loop_{1};
  Permits permits_{loop_.get_executor(), 2};
  std::vector<std::string> order_;
  std::map<std::string, Permits::Permit> held_;

 private:
  asio::awaitable<void> keep(std::string name, std::string holder) {
    Permits::Permit permit = co_await permits_.acquire(std::move(holder));
    order_.push_back(name);
    held_.emplace(name, std::move(permit));
  }
  void run() {
    loop_.restart();
    loop_.poll();
  }
};

TEST_F(PermitsTest, AreGivenUpToTheirNumber) {
  ask("first", "alice");
  ask("second", "bob");
  ask("third", "carol");
  EXPECT_THAT(order_, ElementsAre("first", "second"));
  release("first");
  EXPECT_THAT(order_, ElementsAre("first", "second", "third"));
  EXPECT_EQ(permits_.in_use(), 2U);
}

TEST_F(PermitsTest, AreOnePerClient) {
  ask("first", "alice");
  ask("second", "alice");
  ask("third", "bob");
  EXPECT_THAT(order_, ElementsAre("first", "third"));
  release("third");
  EXPECT_THAT(order_, ElementsAre("first", "third"));
  release("first");
  EXPECT_THAT(order_, ElementsAre("first", "third", "second"));
}

TEST_F(PermitsTest, GoInTheOrderOfAsking) {
  ask("a", "alice");
  ask("b", "bob");
  for (const char* name : {"c", "d", "e"}) ask(name, name);
  EXPECT_EQ(permits_.waiting(), 3U);
  release("a");
  release("c");
  release("d");
  EXPECT_THAT(order_, ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(PermitsTest, AreGivenToClientsInTurns) {
  ask("first", "alice");
  ask("second", "bob");
  ask("third", "alice");
  ask("fourth", "alice");
  ask("fifth", "carol");
  release("first");
  EXPECT_THAT(order_, ElementsAre("first", "second", "fifth"));
  release("fifth");
  EXPECT_THAT(order_, ElementsAre("first", "second", "fifth", "third"));
  EXPECT_EQ(permits_.waiting(), 1U);
}

}  // namespace
}  // namespace warren::gateway
