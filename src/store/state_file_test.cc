// SPDX-License-Identifier: Apache-2.0

#include "store/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "store/child_fixture.h"
#include "store/store_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::warren::test::HoldsError;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class StateFile : public ::testing::Test {
 protected:
  // Enough nodes for many pages, and a clean end.
  void fill() {
    const auto store = open_store(directory_.path());
    ASSERT_TRUE(store);
    Batch batch;
    for (std::uint16_t i = 1; i <= 500; ++i) batch.emplace_back(InsertNode{make_node(i)});
    ASSERT_TRUE(commit(*store, std::move(batch)));
  }

  // Leaves a write-ahead log behind.
  void end_uncleanly() {
    Child child([&](int report) {
      const auto store = open_store(directory_.path());
      if (commit(*store, batch_of(InsertNode{make_node(1000)}))) write_text(report, "x");
      ::pause();
    });
    ASSERT_EQ(child.read(1), "x");
    child.kill();
    ASSERT_GT(fs::file_size(path_.native() + "-wal"), 0U);
  }

  void overwrite(std::streamoff offset, std::size_t size) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file << std::string(size, '\x5a');
    ASSERT_TRUE(file.flush().good());
  }

  // Opens a new, empty store in place of the file, which is kept whole.
  void expect_set_aside() {
    const std::string before = content(path_);
    const auto opened = Store::open(directory_.path(), Durability::kProcess);
    ASSERT_TRUE(opened) << opened.error().message;
    const fs::path aside = opened->set_aside.value_or("");
    EXPECT_THAT(aside.native(), StartsWith(path_.native() + ".corrupt-2"));
    EXPECT_EQ(content(aside), before);
    EXPECT_TRUE(value_of(opened->store->load()).live.empty());
    EXPECT_TRUE(commit(*opened->store, batch_of(InsertNode{make_node(1)})));
  }

  TempDirectory directory_;
  fs::path path_ = state_path(directory_.path());
};

TEST_F(StateFile, BelongsToItsOwnerAlone) {
  const auto store = open_store(directory_.path());
  ASSERT_TRUE(commit(*store, batch_of(InsertNode{make_node(1)})));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path_.native() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(StateFile, IsAloneAfterACleanEnd) {
  fill();
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(StateFile, KeepsItsNodesAfterAnUncleanEnd) {
  fill();
  end_uncleanly();
  const auto opened = Store::open(directory_.path(), Durability::kPower);
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->set_aside);
  EXPECT_EQ(value_of(opened->store->load()).live.size(), 501U);
}

TEST_F(StateFile, IsSetAsideWhenItsHeaderIsGarbage) {
  fill();
  overwrite(0, 100);
  expect_set_aside();
}

TEST_F(StateFile, IsSetAsideWhenItIsTruncated) {
  fill();
  fs::resize_file(path_, fs::file_size(path_) / 2);
  expect_set_aside();
}

TEST_F(StateFile, IsSetAsideWithItsLogWhenPagesAreGarbageAfterAnUncleanEnd) {
  fill();
  end_uncleanly();
  const std::string log = content(path_.native() + "-wal");
  overwrite(static_cast<std::streamoff>(fs::file_size(path_) / 2), 16'384);
  const auto opened = Store::open(directory_.path(), Durability::kProcess);
  ASSERT_TRUE(opened) << opened.error().message;
  const fs::path aside = opened->set_aside.value_or("");
  EXPECT_EQ(content(aside.native() + "-wal"), log);
}

TEST_F(StateFile, IsSetAsideByTheStartAfterOneThatMetAGarbagePage) {
  fill();
  overwrite(static_cast<std::streamoff>(fs::file_size(path_) / 2), 65'536);
  {
    const auto store = open_store(directory_.path());
    ASSERT_TRUE(store);
    EXPECT_THAT(store->load(), HoldsError(Errc::kInternal, HasSubstr("malformed")));
  }
  expect_set_aside();
  EXPECT_FALSE(fs::exists(path_.native() + ".suspect"));
}

TEST_F(StateFile, SetsASecondCorruptFileAsideBesideTheFirst) {
  for (int i = 0; i < 2; ++i) {
    fill();
    overwrite(0, 100);
    expect_set_aside();
    fs::remove(path_);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 2);
}

TEST_F(StateFile, IsLeftUntouchedWhenItIsNewerThanTheProgram) {
  fill();
  ASSERT_TRUE(value_of(Database::open(path_)).run_script("PRAGMA user_version = 7"));
  const std::string before = content(path_);
  EXPECT_THAT(Store::open(directory_.path(), Durability::kProcess),
              HoldsError(Errc::kFailedPrecondition,
                         HasSubstr("state.db is of version 7; this warren reads up to 2")));
  EXPECT_EQ(content(path_), before);
}

TEST_F(StateFile, CannotBeInADirectoryThatIsMissing) {
  EXPECT_THAT(Store::open(directory_.path() / "missing", Durability::kProcess),
              HoldsError(Errc::kNotFound, AllOf(HasSubstr("state.db: No such file or directory"),
                                                Not(HasSubstr("\n")))));
}

TEST_F(StateFile, CannotBeInADirectoryThatIsNotWritable) {
  fs::permissions(directory_.path(), fs::perms(0555));
  const std::string outcome = in_child([&]() -> std::string {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) return "cannot change the user";
    const auto opened = Store::open(directory_.path(), Durability::kProcess);
    if (opened) return "it opened";
    return opened.error().code == Errc::kPermissionDenied ? opened.error().message : "wrong code";
  });
  EXPECT_EQ(outcome, "opening " + path_.native() + ": Permission denied\n");
}

}  // namespace
}  // namespace warren::store
