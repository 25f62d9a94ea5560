// SPDX-License-Identifier: Apache-2.0

#include "engine/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class PlacesTest : public ::testing::Test {
 protected:
  [[nodiscard]] static mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  void make_with(const std::filesystem::path& path, mode_t mode) {
    std::filesystem::create_directory(path);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }

  test::TempDirectory directory_;
  Places places_{.state_dir = directory_.path() / "deep" / "state",
                 .runtime_dir = directory_.path() / "run"};
};

TEST_F(PlacesTest, MakesTheStateForItsOwnerAloneAndTheRuntimeForItsAudience) {
  ASSERT_TRUE(prepare(places_, {}).has_value());
  EXPECT_EQ(mode_of(places_.state_dir), 0700U);
  EXPECT_EQ(mode_of(places_.runtime_dir), 0750U);
}

TEST_F(PlacesTest, LeavesAnExistingDirectoryAsItIs) {
  places_.state_dir = directory_.path() / "state";
  make_with(places_.state_dir, 0755);
  make_with(places_.runtime_dir, 0711);
  ASSERT_TRUE(prepare(places_, {.group = "root", .everybody = true}).has_value());
  EXPECT_EQ(mode_of(places_.state_dir), 0755U);
  EXPECT_EQ(mode_of(places_.runtime_dir), 0711U);
}

TEST_F(PlacesTest, RefusesADirectoryThatOthersMayWriteTo) {
  for (const mode_t mode : {01777U, 0775U, 0702U}) {
    make_with(places_.runtime_dir, mode);
    EXPECT_THAT(prepare(places_, {}), HoldsError(Errc::kPermissionDenied, HasSubstr("/run")));
    EXPECT_EQ(mode_of(places_.runtime_dir), mode);
  }
}

TEST_F(PlacesTest, RefusesADirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  make_with(places_.runtime_dir, 0755);
  ASSERT_EQ(::chown(places_.runtime_dir.c_str(), 65534, 65534), 0);
  EXPECT_THAT(prepare(places_, {}), HoldsError(Errc::kPermissionDenied, HasSubstr("/run")));
}

}  // namespace
}  // namespace warren::engine
