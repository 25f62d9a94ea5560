// SPDX-License-Identifier: Apache-2.0

#include "engine/upload_spool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/clock.h"
#include "os/file.h"
#include "os/socket.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::warren::test::HoldsError;
using Sweep = provider::Provider::Sweep;
using namespace std::chrono_literals;

constexpr std::size_t kMiB = 1 << 20;

// What looks like an archive of so many bytes.
std::string archive_of(std::size_t bytes) {
  std::string archive(bytes, 'x');
  std::fill(archive.end() - 1024, archive.end(), '\0');
  return archive;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class UploadSpoolTest : public ::testing::Test {
 protected:
  UploadSpoolTest() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_TRUE(spool_.open(path()).has_value());
  }

  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "uploads"; }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // What `task` comes to.
  template <typename T>
  [[nodiscard]] T run(Task<T> task) {
    std::optional<T> outcome;
    boost::asio::co_spawn(loop_, std::move(task), [&](const std::exception_ptr&, T value) {
      outcome = std::move(value);
      loop_.stop();
    });
    loop_.restart();
    loop_.run();
    return *std::move(outcome);
  }
  void run(Task<> task) {
    spawn(loop_.get_executor(), std::move(task));
    loop_.restart();
    loop_.run();
  }
  void remove(const NodeId& job) { run(spool_.remove(job)); }

  [[nodiscard]] Result<> receive(const NodeId& job, const std::string& bytes) {
    os::Pipe pipe = *os::make_pipe();
    // Fails where the spool stops reading.
    std::thread client([&bytes, end = std::move(pipe.write)] {
      std::ignore = os::write_all(end.get(), bytes_of(bytes));
    });
    Result<> received = run(spool_.receive(job, std::move(pipe.read)));
    client.join();
    return received;
  }

  [[nodiscard]] std::string send(const NodeId& job) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    os::UniqueFd sink(ends[0]);
    std::string taken;
    std::thread reader([&taken, source = os::UniqueFd(ends[1])] {
      std::array<std::byte, 65536> buffer{};
      for (;;) {
        const auto count = os::read_some(source.get(), buffer);
        if (!count || *count == 0) return;
        taken.append(reinterpret_cast<const char*>(buffer.data()), *count);
      }
    });
    EXPECT_TRUE(run(spool_.send(job, std::move(sink))).has_value());
    reader.join();
    return taken;
  }

  const NodeId job_ = NodeId::make(now(), {1});
  const NodeId other_ = NodeId::make(now(), {2});
  test::TempDirectory directory_;
  boost::asio::io_context loop_{1};
  UploadSpool spool_{Bytes{4 * kMiB}, store::Durability::kPower, 200ms};
};

TEST_F(UploadSpoolTest, GivesBackWhatItReceivedUntilItIsRemoved) {
  const std::string archive = archive_of(3 * kMiB);
  EXPECT_FALSE(spool_.has(job_));
  ASSERT_TRUE(receive(job_, archive).has_value());
  EXPECT_TRUE(spool_.has(job_));
  EXPECT_THAT(files(), ElementsAre(job_.to_text() + ".tar"));
  EXPECT_EQ(send(job_), archive);
  EXPECT_EQ(send(job_), archive);
  remove(job_);
  EXPECT_FALSE(spool_.has(job_));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(UploadSpoolTest, KeepsNothingOfAnArchiveThatWasCutShort) {
  const std::string archive = archive_of(kMiB);
  for (const std::size_t length : {std::size_t{0}, std::size_t{512}, kMiB / 2, kMiB - 1}) {
    EXPECT_THAT(receive(job_, archive.substr(0, length)),
                HoldsError(Errc::kInvalidArgument, HasSubstr("cut short")));
    EXPECT_FALSE(spool_.has(job_));
    EXPECT_THAT(files(), IsEmpty());
  }
}

TEST_F(UploadSpoolTest, BoundsAllArchivesTogether) {
  ASSERT_TRUE(receive(job_, archive_of(3 * kMiB)).has_value());
  EXPECT_THAT(receive(other_, archive_of(2 * kMiB)),
              HoldsError(Errc::kResourceExhausted, HasSubstr("schedule.spool")));
  EXPECT_THAT(files(), ElementsAre(job_.to_text() + ".tar"));
  remove(job_);
  EXPECT_TRUE(receive(other_, archive_of(2 * kMiB)).has_value());
}

TEST_F(UploadSpoolTest, GivesUpOnAClientThatStopsWriting) {
  os::Pipe pipe = *os::make_pipe();
  ASSERT_TRUE(os::write_all(pipe.write.get(), bytes_of("x")));
  EXPECT_THAT(run(spool_.receive(job_, std::move(pipe.read))),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("kept it waiting")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(UploadSpoolTest, GivesUpOnAClientThatWritesALittleNowAndThen) {
  os::Pipe pipe = *os::make_pipe();
  std::thread client([end = std::move(pipe.write)] {
    for (int bytes = 0; bytes < 300; ++bytes) {
      if (!os::write_all(end.get(), bytes_of("x"))) return;  // It has been given up.
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_THAT(run(spool_.receive(job_, std::move(pipe.read))),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("kept it waiting")));
  client.join();
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(UploadSpoolTest, TakesOverWhatIsWholeAndNamedAndRemovesTheRest) {
  ASSERT_TRUE(receive(job_, archive_of(2 * kMiB)).has_value());
  ASSERT_TRUE(receive(other_, archive_of(kMiB)).has_value());
  std::ofstream(path() / (job_.to_text() + ".part")) << "half";
  std::ofstream(path() / "stray") << "text";
  UploadSpool next{Bytes{4 * kMiB}, store::Durability::kProcess};
  ASSERT_TRUE(next.open(path()).has_value());
  run(next.take_over({job_}, Sweep::kYes));
  EXPECT_THAT(files(), ElementsAre(job_.to_text() + ".tar"));
  EXPECT_TRUE(next.has(job_));
  EXPECT_FALSE(next.has(other_));
}

TEST_F(UploadSpoolTest, LeavesWhatMayBelongToJobsThatNobodyKnowsOf) {
  ASSERT_TRUE(receive(job_, archive_of(kMiB)).has_value());
  ASSERT_TRUE(receive(other_, archive_of(kMiB)).has_value());
  UploadSpool next{Bytes{4 * kMiB}, store::Durability::kProcess};
  ASSERT_TRUE(next.open(path()).has_value());
  run(next.take_over({job_}, Sweep::kNo));
  EXPECT_THAT(files(), UnorderedElementsAre(job_.to_text() + ".tar", other_.to_text() + ".tar"));
  EXPECT_TRUE(next.has(job_));
  EXPECT_FALSE(next.has(other_));
}

TEST_F(UploadSpoolTest, SendsToSomebodyWhoStopsReading) {
  ASSERT_TRUE(receive(job_, archive_of(3 * kMiB)).has_value());
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  os::UniqueFd(ends[1]).reset();
  EXPECT_TRUE(run(spool_.send(job_, os::UniqueFd(ends[0]))).has_value());
}

}  // namespace
}  // namespace warren::engine
