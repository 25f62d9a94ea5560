// SPDX-License-Identifier: Apache-2.0

#include "provider/local/upload_threads.h"

#include <fcntl.h>

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::provider {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

class UploadThreadsTest : public ::testing::Test {
 protected:
  // Writes `bytes`, keeps the descriptor open and waits for the verdict.
  Result<> upload(UploadThreads& uploads, const std::string& bytes) {
    std::promise<Result<>> verdict;
    auto future = verdict.get_future();
    auto directory = os::open_at(AT_FDCWD, directory_.path().c_str(), O_RDONLY | O_DIRECTORY);
    const auto client =
        uploads.begin(*std::move(directory), {}, [&](Result<> how) { verdict.set_value(how); });
    if (!client) return std::unexpected(client.error());
    EXPECT_TRUE(os::write_all(client->get(), std::as_bytes(std::span(bytes))));
    return future.get();
  }

  test::TempDirectory directory_;
};

TEST_F(UploadThreadsTest, GiveUpOnAClientThatWritesNothing) {
  UploadThreads uploads(std::chrono::milliseconds(50));
  EXPECT_THAT(upload(uploads, ""),
              HoldsError(Errc::kInvalidArgument, HasSubstr("the upload stalled")));
}

TEST_F(UploadThreadsTest, HaveAPlaceAgainOnceOneHasItsVerdict) {
  UploadThreads uploads(std::chrono::minutes(1));
  std::promise<Result<>> verdict;
  const auto begin = [&](Done<> done) {
    auto directory = os::open_at(AT_FDCWD, directory_.path().c_str(), O_RDONLY | O_DIRECTORY);
    return uploads.begin(*std::move(directory), {}, std::move(done));
  };
  auto first = begin([&](Result<> how) { verdict.set_value(how); });
  ASSERT_TRUE(first);
  std::vector<os::UniqueFd> clients;
  for (auto next = begin([](Result<>) {}); next; next = begin([](Result<>) {})) {
    clients.push_back(*std::move(next));
  }
  EXPECT_THAT(begin([](Result<>) {}), HoldsError(Errc::kResourceExhausted, HasSubstr("under way")));
  const std::string archive(1024, '\0');
  ASSERT_TRUE(os::write_all(first->get(), std::as_bytes(std::span(archive))));
  first->reset();
  EXPECT_TRUE(verdict.get_future().get());
  EXPECT_TRUE(begin([](Result<>) {}));
}

TEST_F(UploadThreadsTest, TakeAnArchiveWhoseClientKeepsItsEndOpen) {
  UploadThreads uploads(std::chrono::milliseconds(50));
  EXPECT_TRUE(upload(uploads, std::string(1024, '\0')));
}

}  // namespace
}  // namespace warren::provider
