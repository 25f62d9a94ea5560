// SPDX-License-Identifier: Apache-2.0

#include "store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "store/store_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::store {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

constexpr std::array kSteps{
    Migration{"CREATE TABLE jobs (id INTEGER PRIMARY KEY, command TEXT)"},
    Migration{"ALTER TABLE jobs ADD COLUMN argc INTEGER; UPDATE jobs SET argc = length(command)"},
    Migration{"CREATE TABLE other (id INTEGER); INSERT INTO other SELECT argc FROM jobs"},
};
constexpr std::array kBrokenSteps{kSteps[0], kSteps[1], Migration{"CREATE TABLE jobs (id)"}};

class Migrate : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(path_).close(); }

  Result<> migrate_to(std::span<const Migration> steps) {
    Database database = WARREN_TRY(Database::open(path_));
    return migrate(database, path_, steps);
  }
  static std::int64_t read(const std::filesystem::path& path, std::string_view sql) {
    Database database = value_of(open(path));
    Execution row = value_of(database.prepare(sql));
    return value_of(row.next()) ? row.integer() : -1;
  }
  static Result<Database> open(const std::filesystem::path& path) { return Database::open(path); }
  void make_version_1() {
    ASSERT_TRUE(migrate_to(std::span(kSteps).first(1)));
    ASSERT_TRUE(value_of(open(path_)).run_script("INSERT INTO jobs VALUES (1, 'true')"));
  }

  TempDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "state.db";
  std::filesystem::path copy_ = directory_.path() / "state.db.v1";
};

TEST_F(Migrate, TakesNothingToTheNewestVersionWithoutACopy) {
  ASSERT_TRUE(migrate_to(kSteps));
  EXPECT_EQ(read(path_, "PRAGMA user_version"), 3);
  EXPECT_EQ(read(path_, "PRAGMA application_id"), kApplicationId);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "state.db.v0"));
}

TEST_F(Migrate, CarriesRowsThroughEachStepInOrder) {
  make_version_1();
  ASSERT_TRUE(migrate_to(kSteps));
  EXPECT_EQ(read(path_, "SELECT id FROM other"), 4);
  EXPECT_EQ(read(path_, "PRAGMA user_version"), 3);
}

TEST_F(Migrate, LeavesAPrivateCopyOfTheOlderDatabase) {
  make_version_1();
  ASSERT_TRUE(migrate_to(kSteps));
  EXPECT_EQ(read(copy_, "PRAGMA user_version"), 1);
  EXPECT_EQ(read(copy_, "SELECT count(*) FROM jobs"), 1);
  struct stat status {};
  ASSERT_EQ(::stat(copy_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Migrate, ReplacesTheUnfinishedCopyOfAnEarlierAttempt) {
  make_version_1();
  std::ofstream(copy_.native() + ".new") << "half a copy";
  ASSERT_TRUE(migrate_to(kSteps));
  EXPECT_EQ(read(copy_, "SELECT count(*) FROM jobs"), 1);
  EXPECT_FALSE(std::filesystem::exists(copy_.native() + ".new"));
}

TEST_F(Migrate, AppliesEveryStepOrNone) {
  make_version_1();
  EXPECT_THAT(migrate_to(kBrokenSteps),
              HoldsError(Errc::kInternal, HasSubstr("from version 1 to 3")));
  EXPECT_EQ(read(path_, "PRAGMA user_version"), 1);
  EXPECT_EQ(read(path_, "SELECT count(*) FROM pragma_table_info('jobs')"), 2);
}

TEST_F(Migrate, RefusesANewerVersion) {
  ASSERT_TRUE(migrate_to(kSteps));
  EXPECT_THAT(
      migrate_to(std::span(kSteps).first(1)),
      HoldsError(Errc::kFailedPrecondition, "state.db is of version 3; this warren reads up to 1"));
}

TEST_F(Migrate, RefusesTheDatabaseOfAnotherProgram) {
  ASSERT_TRUE(value_of(open(path_)).run_script("CREATE TABLE theirs (id)"));
  EXPECT_THAT(migrate_to(kSteps),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("database of another program")));
}

TEST_F(Migrate, KnowsTheStepsOfThisProgram) {
  ASSERT_TRUE(migrate_to(migrations()));
  EXPECT_EQ(read(path_, "PRAGMA user_version"), static_cast<std::int64_t>(migrations().size()));
  EXPECT_EQ(read(path_, "SELECT count(*) FROM nodes"), 0);
}

}  // namespace
}  // namespace warren::store
