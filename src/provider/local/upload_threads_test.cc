// SPDX-License-Identifier: Apache-2.0

#include "provider/local/upload_threads.h"

#include <fcntl.h>

#include <chrono>
#include <csignal>
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
  UploadThreadsTest() { std::signal(SIGPIPE, SIG_IGN); }

  [[nodiscard]] Result<os::UniqueFd> begin(Done<> done, std::chrono::milliseconds patience) {
    auto directory = os::open_at(AT_FDCWD, directory_.path().c_str(), O_RDONLY | O_DIRECTORY);
    return uploads_.begin(*std::move(directory), {.patience = patience}, std::move(done));
  }
  // Writes `pieces`, with a pause after each, keeps the descriptor open and waits for the verdict.
  [[nodiscard]] Result<> upload(const std::vector<std::string>& pieces,
                                std::chrono::milliseconds pause = {}) {
    std::promise<Result<>> verdict;
    auto future = verdict.get_future();
    const auto client = begin([&](Result<> how) { verdict.set_value(std::move(how)); },
                              std::chrono::milliseconds(50));
    if (!client) return std::unexpected(client.error());
    for (const std::string& piece : pieces) {
      // Nobody reads any more once there is a verdict.
      if (!os::write_all(client->get(), std::as_bytes(std::span(piece)))) break;
      if (future.wait_for(pause) == std::future_status::ready) break;
    }
    return future.get();
  }

  test::TempDirectory directory_;
  UploadThreads uploads_;
};

TEST_F(UploadThreadsTest, GiveUpOnAClientThatWritesNothing) {
  EXPECT_THAT(upload({}), HoldsError(Errc::kInvalidArgument, HasSubstr("the upload stalled")));
}

TEST_F(UploadThreadsTest, GiveUpOnAClientThatWritesALittleNowAndThen) {
  // An empty archive, if it were waited for.
  const std::vector<std::string> pieces(1024, std::string(1, '\0'));
  EXPECT_THAT(upload(pieces, std::chrono::milliseconds(10)),
              HoldsError(Errc::kInvalidArgument, HasSubstr("the upload stalled")));
}

TEST_F(UploadThreadsTest, HaveAPlaceAgainOnceOneHasItsVerdict) {
  constexpr std::chrono::minutes kPatience{1};
  std::promise<Result<>> verdict;
  auto first = begin([&](Result<> how) { verdict.set_value(how); }, kPatience);
  ASSERT_TRUE(first);
  std::vector<os::UniqueFd> clients;
  for (auto next = begin([](Result<>) {}, kPatience); next;
       next = begin([](Result<>) {}, kPatience)) {
    clients.push_back(*std::move(next));
  }
  EXPECT_THAT(begin([](Result<>) {}, kPatience),
              HoldsError(Errc::kResourceExhausted, HasSubstr("under way")));
  const std::string archive(1024, '\0');
  ASSERT_TRUE(os::write_all(first->get(), std::as_bytes(std::span(archive))));
  first->reset();
  EXPECT_TRUE(verdict.get_future().get());
  EXPECT_TRUE(begin([](Result<>) {}, kPatience));
}

TEST_F(UploadThreadsTest, TakeAnArchiveWhoseClientKeepsItsEndOpen) {
  EXPECT_TRUE(upload({std::string(1024, '\0')}));
}

}  // namespace
}  // namespace warren::provider
