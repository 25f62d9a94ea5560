// SPDX-License-Identifier: Apache-2.0
//
// S6 and S7: nobody becomes more than what the plan made of them.

#include <linux/mount.h>

#include <cstdlib>

#include "model/spec.h"
#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using plan::Op;
using ::testing::Each;

class S6_Privileges : public AttackTest {};

// Without no_new_privs only root in its user namespace may install a filter, so the filter goes
// with it.
const Amendment kMayGain = all_of({without({Op::kNoNewPrivileges, Op::kSeccomp}),
                                   without_attributes("overlay", MOUNT_ATTR_NOSUID)});

TEST_F(S6_Privileges, ASetuidProgramGainsNothing) {
  EXPECT_THAT(attack({"gain-by-setuid"}), Each(Refused()));
  EXPECT_THAT(attack_amended(kMayGain, {"gain-by-setuid"}), Each(Succeeded()));
}

TEST_F(S6_Privileges, EachOfTheTwoDefencesAgainstSetuidHoldsAlone) {
  EXPECT_THAT(attack_amended(without({Op::kNoNewPrivileges, Op::kSeccomp}), {"gain-by-setuid"}),
              Each(Refused()));
  EXPECT_THAT(attack_amended(without_attributes("overlay", MOUNT_ATTR_NOSUID), {"gain-by-setuid"}),
              Each(Refused()));
}

TEST_F(S6_Privileges, CapabilitiesOfAFileGainNothing) {
  EXPECT_THAT(attack({"gain-by-file-capabilities"}), Each(Refused()));
  // CAP_SETFCAP, which sets them, is not in the list either.
  EXPECT_THAT(
      attack_amended(all_of({kMayGain, with_all_capabilities()}), {"gain-by-file-capabilities"}),
      Each(Succeeded()));
}

TEST_F(S6_Privileges, NoNewPrivilegesHoldsAtTheStartAndOnLaterExecution) {
  const Attacks attacks{"lack-of-no-new-privileges", "lack-of-no-new-privileges-later"};
  EXPECT_THAT(attack(attacks), Each(Refused()));
  EXPECT_THAT(attack_amended(kMayGain, attacks), Each(Succeeded()));
}

TEST_F(S6_Privileges, CapabilitiesAreThoseOfTheList) {
  EXPECT_THAT(attack({"hold-capability-beyond-list", "hold-inheritable-capability"}),
              Each(Refused()));
  EXPECT_THAT(attack_amended(with_all_capabilities(), {"hold-capability-beyond-list"}),
              Each(Succeeded()));
  // A set that init would pass on is seen: CVE-2022-27650.
  EXPECT_THAT(attack({"pass-on-capability"}), Each(Succeeded()));
}

TEST_F(S6_Privileges, AUserHasNoCapabilityAndCannotBecomeRoot) {
  const Attacks attacks{"hold-any-capability", "become-root", "be-root"};
  EXPECT_THAT(attack_as("1000", attacks), Each(Refused()));
  // The steps of the command only: init becomes a user too.
  amend([](plan::LaunchPlan& plan) {
    std::erase_if(plan.process, [](const plan::Step& step) {
      return step.op == Op::kBecomeUser || step.op == Op::kSetCapabilities;
    });
  });
  EXPECT_THAT(attack_as("1000", attacks), Each(Succeeded()));
}

class S7_UserIds : public AttackTest {};

// What strtoul(3) and a conversion to uid_t make of a text.
std::uint32_t parse_carelessly(const std::string& text) {
  return static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 0));
}

TEST_F(S7_UserIds, NoOddTextBecomesRoot) {
  for (const std::string text :
       {"4294967296", "18446744073709551616", "0x0", "+0", "-0", " 0", "0 ", "00", "\t0", "0\n",
        "0x", "8589934592", "", "-4294967296", "0.0", "0,0"}) {
    EXPECT_FALSE(model::parse_user(text)) << "'" << text << "'";
    if (text != "18446744073709551616") {
      EXPECT_EQ(parse_carelessly(text), 0U) << text;
    }
  }
}

TEST_F(S7_UserIds, NoNumberBeyondTheRangeIsTaken) {
  for (const char* text : {"65536", "4294967295", "-1", "1000:65536", "1000:-1", "1000:+5",
                           "1000:", ":1000", "1000:1000:1000", "1e3"}) {
    EXPECT_FALSE(model::parse_user(text)) << "'" << text << "'";
  }
}

TEST_F(S7_UserIds, APlanTakesNoIdThatWasNotChecked) {
  for (const char* user : {"4294967296", "-1", "0x0", "+0", " 0", "65536", "", "nobody-here"}) {
    model::JobSpec spec = shell("id -u");
    spec.process.user = model::UserSpec{.user = user, .group = ""};
    const Outcome outcome = runner().run(spec);
    EXPECT_FALSE(outcome.started) << "'" << user << "' became " << outcome.out;
  }
  model::JobSpec spec = shell("id -u; id -g; id -G");
  spec.process.user = model::UserSpec{.user = "1234", .group = "5678"};
  EXPECT_EQ(runner().run(spec).out, "1234\n5678\n5678\n");
}

}  // namespace
}  // namespace warren::test
