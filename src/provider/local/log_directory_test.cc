// SPDX-License-Identifier: Apache-2.0

#include "provider/local/log_directory.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstddef>
#include <filesystem>

#include "base/crc32c.h"
#include "os/file.h"

namespace warren::provider {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

plan::Record record(plan::RecordType type, std::int32_t value) {
  plan::Record record{};
  record.magic = plan::kRecordMagic;
  record.type = type;
  record.value = value;
  record.crc = crc32c(reinterpret_cast<const std::uint8_t*>(&record), offsetof(plan::Record, crc));
  return record;
}

class Logs : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "warren-logs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    state_ = name;
  }
  void TearDown() override { fs::remove_all(state_); }

  [[nodiscard]] LogDirectory open() const { return LogDirectory::open(state_.string()).value(); }
  static void write(const os::UniqueFd& file, std::span<const std::byte> bytes) {
    ASSERT_TRUE(os::write_all(file.get(), bytes));
  }
  static void write(const os::UniqueFd& file, const plan::Record& record) {
    write(file, std::as_bytes(std::span(&record, 1)));
  }

  fs::path state_;
  NodeId process_ = NodeId::parse("0198c2f0-0000-7000-8000-000000000001").value();
};

TEST_F(Logs, AreForTheirOwnerAlone) {
  const LogDirectory logs = open();
  ASSERT_TRUE(logs.create(process_));
  EXPECT_EQ(fs::status(state_ / "logs").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(state_ / "logs" / process_.to_text()).permissions(), fs::perms::owner_all);
}

TEST_F(Logs, BeginEmptyAlsoAfterAnAttemptThatFailed) {
  const LogDirectory logs = open();
  write(logs.create(process_)->record, record(plan::RecordType::kFailed, ENOENT));
  ASSERT_TRUE(logs.create(process_));
  EXPECT_THAT(logs.records(process_).value(), IsEmpty());
}

TEST_F(Logs, KeepTheirRecordsInOrder) {
  const LogDirectory logs = open();
  const OutputFiles files = logs.create(process_).value();
  write(files.record, record(plan::RecordType::kStarted, 2));
  write(files.record, record(plan::RecordType::kExited, 7 << 8));
  const auto records = logs.records(process_).value();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].type, plan::RecordType::kStarted);
  EXPECT_EQ(records[1].value, 7 << 8);
}

TEST_F(Logs, LeaveOutWhatIsNotAWholeRecord) {
  const LogDirectory logs = open();
  const OutputFiles files = logs.create(process_).value();
  plan::Record forged = record(plan::RecordType::kExited, 0);
  forged.value = 1;
  write(files.record, forged);
  write(files.record, record(plan::RecordType::kExited, 3));
  const plan::Record torn = record(plan::RecordType::kExited, 4);
  write(files.record, std::as_bytes(std::span(&torn, 1)).first(20));
  const auto records = logs.records(process_).value();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].value, 3);
}

TEST_F(Logs, HaveNoRecordsOfAProcessThatNeverWas) {
  EXPECT_THAT(open().records(process_).value(), IsEmpty());
}

TEST_F(Logs, CanBeRemovedTwice) {
  const LogDirectory logs = open();
  ASSERT_TRUE(logs.create(process_));
  EXPECT_TRUE(logs.remove(process_));
  EXPECT_FALSE(fs::exists(state_ / "logs" / process_.to_text()));
  EXPECT_TRUE(logs.remove(process_));
}

TEST_F(Logs, AreNotFollowedThroughALink) {
  const LogDirectory logs = open();
  fs::create_directory(state_ / "elsewhere");
  fs::create_directory_symlink(state_ / "elsewhere", state_ / "logs" / process_.to_text());
  EXPECT_FALSE(logs.create(process_));
  EXPECT_TRUE(fs::is_empty(state_ / "elsewhere"));
}

}  // namespace
}  // namespace warren::provider
