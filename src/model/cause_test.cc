// SPDX-License-Identifier: Apache-2.0

#include "model/cause.h"

#include <gtest/gtest.h>

namespace warren::model {
namespace {

using enum Cause::Type;

constexpr std::int32_t exited(std::int32_t code) {
  return code << 8;
}

TEST(Cause, IsReadBackFromItsText) {
  const struct {
    Cause cause;
    std::string_view text;
  } cases[] = {
      {{kNone, 0, ""}, ""},
      {{kExited, 0, ""}, "exited(0)"},
      {{kExited, 255, ""}, "exited(255)"},
      {{kSignaled, 9, ""}, "signaled(9)"},
      {{kOom, 0, ""}, "oom"},
      {{kTimeout, 0, ""}, "timeout"},
      {{kDiskQuota, 0, ""}, "disk-quota"},
      {{kStoppedBy, 0, "alice"}, "stopped-by(alice)"},
      {{kStoppedBy, 0, "a (b)"}, "stopped-by(a (b))"},
      {{kCancelledBy, 0, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
       "cancelled-by(017f22e2-79b0-7cc3-98c4-dc0c0c07398f)"},
      {{kStartFailed, 0, "mount /proc"}, "start-failed(mount /proc)"},
      {{kStartFailed, 0, ""}, "start-failed()"},
      {{kInitLost, 0, ""}, "init-lost"},
      {{kMachineLost, 0, ""}, "machine-lost"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(to_text(c.cause), c.text);
    EXPECT_EQ(parse_cause(c.text), c.cause) << c.text;
  }
}

TEST(ParseCause, RejectsEverythingElse) {
  for (const std::string_view text :
       {"exited", "exited()", "exited(x)", "exited(1", "exited(1)x", "exited( 1)", "exited(+1)",
        "exited(2147483648)", "exited(256)", "exited(-1)", "signaled(2147483647)", "oom()",
        "oom(1)", "OOM", "stopped-by", "(", ")", "()", " oom"}) {
    const auto cause = parse_cause(text);
    ASSERT_FALSE(cause) << text;
    EXPECT_EQ(cause.error().code, Errc::kInvalidArgument);
  }
}

TEST(ExitStatus, FollowsTheCauseWhereItSaysEnough) {
  EXPECT_EQ(exit_status({kExited, 7, ""}, exited(7)), 7);
  EXPECT_EQ(exit_status({kSignaled, 15, ""}, 15), 143);
  EXPECT_EQ(exit_status({kOom, 0, ""}, 9), 137);
  EXPECT_EQ(exit_status({kOom, 0, ""}, exited(1)), 137);
  EXPECT_EQ(exit_status({kTimeout, 0, ""}, 9), 124);
  EXPECT_EQ(exit_status({kTimeout, 0, ""}, exited(0)), 124);
  EXPECT_EQ(exit_status({kInitLost, 0, ""}, 0), 125);
  EXPECT_EQ(exit_status({kMachineLost, 0, ""}, 0), 125);
}

TEST(ExitStatus, FollowsTheCommandWhereTheCauseSaysNothing) {
  for (const Cause::Type type : {kDiskQuota, kStoppedBy, kCancelledBy}) {
    EXPECT_EQ(exit_status({type, 0, ""}, exited(3)), 3);
    EXPECT_EQ(exit_status({type, 0, ""}, 9), 137);
    EXPECT_EQ(exit_status({type, 0, ""}, 15), 143);
    EXPECT_EQ(exit_status({type, 0, ""}, 11 | 0x80), 139);  // With a core dump.
    EXPECT_EQ(exit_status({type, 0, ""}, kNeverRan), 125);
  }
}

TEST(ExitStatus, IsThatOfAShellForAMissingCommand) {
  EXPECT_EQ(exit_status({kStartFailed, 0, "exec"}, exited(127)), 127);
  EXPECT_EQ(exit_status({kStartFailed, 0, "exec"}, exited(126)), 126);
  EXPECT_EQ(exit_status({kStartFailed, 0, "mount"}, exited(1)), 125);
  EXPECT_EQ(exit_status({kStartFailed, 0, "mount"}, kNeverRan), 125);
  EXPECT_EQ(exit_status({kStartFailed, 0, "mount"}, 0), 125);
}

}  // namespace
}  // namespace warren::model
