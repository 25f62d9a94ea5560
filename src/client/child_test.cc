// SPDX-License-Identifier: Apache-2.0

#include "client/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::warren::test::HoldsError;

// The only program that is beside this one for sure is this one.
ChildOrder order(std::vector<std::string> arguments) {
  return {.program = "client_test",
          .arguments = std::move(arguments),
          .environment = {},
          .says_on = SaysOn::kStdout,
          .ends_with_us = EndsWithUs::kYes};
}

// Writes to its standard output until nobody takes it, and then waits for that.
ChildOrder endless() {
  return order({"--gtest_filter=EndText.*", "--gtest_repeat=-1"});
}

TEST(Child, SaysItsFirstLineAndEnds) {
  auto child = Child::start(order({"--gtest_list_tests"}));
  ASSERT_TRUE(child.has_value()) << child.error().message;
  const auto line = child->first_line(seconds(60));
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(*line, StartsWith("Running main()"));
  EXPECT_EQ(child->end(seconds(60)).has_value(), true);
  EXPECT_EQ(child->reap(), std::nullopt);
}

TEST(Child, SaysNothingWhereItEndsBefore) {
  ChildOrder quiet = order({"--gtest_list_tests"});
  quiet.says_on = SaysOn::kThree;
  auto child = Child::start(std::move(quiet));
  ASSERT_TRUE(child.has_value());
  EXPECT_EQ(child->first_line(seconds(60)), "");
  EXPECT_EQ(child->wait(), 0);
}

TEST(Child, IsEndedWhenItNeverSaysItsFirstLine) {
  ChildOrder silent = endless();
  silent.says_on = SaysOn::kThree;
  auto child = Child::start(std::move(silent));
  ASSERT_TRUE(child.has_value());
  EXPECT_THAT(
      child->first_line(std::chrono::milliseconds(50)),
      HoldsError(Errc::kUnavailable, HasSubstr("it has said nothing for 50ms and was ended")));
  pollfd ended{.fd = child->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 1);
}

TEST(Child, IsNamedWhereItCannotBeStarted) {
  ChildOrder missing = order({});
  missing.program = "no-such-program";
  EXPECT_THAT(
      Child::start(std::move(missing)),
      HoldsError(Errc::kNotFound, HasSubstr("finding no-such-program beside this program")));
}

TEST(Child, EndsWhenItIsToldTo) {
  auto child = Child::start(endless());
  ASSERT_TRUE(child.has_value());
  EXPECT_EQ(child->reap(), std::nullopt);
  const auto status = child->end(seconds(60));
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGTERM);
}

TEST(EndText, ReadsBehindAName) {
  EXPECT_EQ(end_text(0), "exited with 0");
  EXPECT_EQ(end_text(3 << 8), "exited with 3");
  EXPECT_EQ(end_text(SIGKILL), "was ended by signal 9");
}

}  // namespace
}  // namespace warren::client
