// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

Target whole_target(const char* address, const char* certificate) {
  return {.address = address, .certificate = certificate, .key = "key", .authority = "ca"};
}

class ChooseTarget : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("JOBLET_NODE");
    ::unsetenv("JOBLET_SERVER");
  }

  [[nodiscard]] std::string address_of(const RnxFlags& flags) const {
    const auto target = choose_target(flags, file_);
    return target ? target->certificate + " at " + target->address : target.error().message;
  }

  NodesFile file_{.path = "f.yml",
                  .nodes = {{"default", whole_target("first:50051", "usual")},
                            {"production", whole_target("second:50051", "other")}}};
};

TEST_F(ChooseTarget, IsTheNodeCalledDefault) {
  EXPECT_EQ(address_of({}), "usual at first:50051");
}

TEST_F(ChooseTarget, IsTheNodeThatIsNamed) {
  ::setenv("JOBLET_NODE", "production", 1);
  EXPECT_EQ(address_of({}), "other at second:50051");
  EXPECT_EQ(address_of({.node = "default"}), "usual at first:50051");
}

TEST_F(ChooseTarget, HasTheAddressThatIsGiven) {
  EXPECT_EQ(address_of({.server = "third:7"}), "usual at third:7");
  EXPECT_EQ(address_of({.node = "production", .server = "third"}), "other at third:50051");
  ::setenv("JOBLET_SERVER", "fourth:7", 1);
  EXPECT_EQ(address_of({}), "usual at fourth:7");
  EXPECT_EQ(address_of({.server = "third:7"}), "usual at third:7");
}

TEST_F(ChooseTarget, TakesANodeOfTheCommandLineForMoreThanAnAddressOfTheEnvironment) {
  ::setenv("JOBLET_SERVER", "fourth:7", 1);
  EXPECT_EQ(address_of({.node = "production"}), "other at second:50051");
}

TEST_F(ChooseTarget, RefusesWhatThereIsNot) {
  EXPECT_THAT(choose_target({.node = "staging"}, file_),
              HoldsError(Errc::kNotFound, HasSubstr("production")));
  EXPECT_THAT(choose_target({.server = "a b"}, file_),
              HoldsError(Errc::kInvalidArgument, HasSubstr("is no address")));
}

}  // namespace
}  // namespace warren::client
