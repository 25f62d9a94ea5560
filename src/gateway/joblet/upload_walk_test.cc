// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/upload_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "joblet/uuid.pb.h"
#include "joblet/v2_11.pb.h"
#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

namespace uuid = face::joblet::uuid;
namespace v2_10 = face::joblet::v2_10;
namespace v2_11 = face::joblet::v2_11;
using test::HoldsError;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint32_t kNumber = 7;

v2_10::FileUpload file(std::string_view path, std::string_view content = "x",
                       std::uint32_t mode = 0640) {
  v2_10::FileUpload upload;
  upload.set_path(std::string(path));
  upload.set_content(std::string(content));
  upload.set_mode(mode);
  return upload;
}

v2_10::FileUpload directory(std::string_view path, std::string_view content = "") {
  v2_10::FileUpload upload = file(path, content, 0750);
  upload.set_is_directory(true);
  return upload;
}

std::string request(const std::vector<v2_10::FileUpload>& uploads) {
  v2_11::RunJobReq message;
  message.set_command("true");
  for (const v2_10::FileUpload& upload : uploads) *message.add_uploads() = upload;
  message.set_schedule("1hour");
  return message.SerializeAsString();
}

Result<WalkedRequest> walk(const v2_10::FileUpload& upload) {
  return walk_uploads(request({upload}), kNumber);
}

TEST(UploadWalk, FindsFilesWhereTheyLie) {
  const std::string message = request({directory("data"), file("data/a.csv", "1,2\n")});
  const auto walked = walk_uploads(message, kNumber);
  ASSERT_TRUE(walked);
  ASSERT_THAT(walked->uploads, SizeIs(2));
  EXPECT_EQ(
      walked->uploads[0],
      (Upload{.type = Upload::Type::kDirectory, .path = "data", .content = "", .mode = 0750}));
  const Upload& found = walked->uploads[1];
  EXPECT_EQ(
      found,
      (Upload{
          .type = Upload::Type::kFile, .path = "data/a.csv", .content = "1,2\n", .mode = 0640}));
  EXPECT_GE(found.content.data(), message.data());
  EXPECT_LE(found.content.data() + found.content.size(), message.data() + message.size());
}

TEST(UploadWalk, LeavesTheRestAsItWas) {
  const auto walked = walk_uploads(request({file("a"), file("b")}), kNumber);
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->rest, request({}));
}

TEST(UploadWalk, KnowsTheUploadsOfEitherGeneration) {
  uuid::RunJobRequest message;
  *message.add_uploads() = file("a");
  (*message.mutable_environment())["NAME"] = "value";
  const auto walked = walk_uploads(message.SerializeAsString(), 8);
  ASSERT_TRUE(walked);
  EXPECT_THAT(walked->uploads, SizeIs(1));
  message.clear_uploads();
  EXPECT_EQ(walked->rest, message.SerializeAsString());
}

TEST(UploadWalk, TakesThePermissionsOfAGoMode) {
  constexpr std::uint32_t kGoDirectory = 1U << 31U;
  const auto walked = walk(file("a", "x", kGoDirectory | 07755));
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->uploads[0].mode, 0755U);
}

TEST(UploadWalk, GivesAUsableModeWhereThereIsNone) {
  v2_10::FileUpload folder = directory("d");
  folder.clear_mode();
  const auto walked = walk_uploads(request({file("a", "x", 0), folder}), kNumber);
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->uploads[0].mode, 0644U);
  EXPECT_EQ(walked->uploads[1].mode, 0755U);
}

TEST(UploadWalk, SimplifiesPaths) {
  const auto walked =
      walk_uploads(request({file("./a//b"), directory("."), directory("c/")}), kNumber);
  ASSERT_TRUE(walked);
  ASSERT_THAT(walked->uploads, SizeIs(2));  // "." is there already.
  EXPECT_EQ(walked->uploads[0].path, "a/b");
  EXPECT_EQ(walked->uploads[1].path, "c");
}

TEST(UploadWalk, RefusesPathsThatLeadOut) {
  for (const std::string& path :
       {std::string("/etc/passwd"), std::string("../a"), std::string("a/../../b"), std::string(),
        std::string("."), std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_THAT(walk(file(path)), HoldsError(Errc::kInvalidArgument, HasSubstr("upload '")))
        << path;
  }
  EXPECT_THAT(walk(directory("..")), HoldsError(Errc::kInvalidArgument, HasSubstr("'..'")));
}

TEST(UploadWalk, MakesALinkOfADirectoryWithTheContentOfOne) {
  const auto walked = walk(directory("ml-project", "."));
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->uploads[0].type, Upload::Type::kLinkToWork);
  EXPECT_EQ(walked->uploads[0].content, "");
  for (const char* target : {"..", "/", "a"}) {
    EXPECT_THAT(walk(directory("d", target)),
                HoldsError(Errc::kInvalidArgument, HasSubstr("no content")));
  }
  EXPECT_THAT(walk(directory(".", ".")), HoldsError(Errc::kInvalidArgument, ::testing::_));
}

TEST(UploadWalk, BoundsFiles) {
  EXPECT_TRUE(walk(file("a", std::string(kLargestUpload, 'x'))));
  EXPECT_THAT(walk(file("a", std::string(kLargestUpload + 1, 'x'))),
              HoldsError(Errc::kInvalidArgument, HasSubstr("upload 'a'")));
}

TEST(UploadWalk, BoundsAllFilesTogether) {
  const v2_10::FileUpload half = file("a", std::string(kLargestUpload, 'x'));
  EXPECT_TRUE(walk_uploads(request({half, half}), kNumber));
  EXPECT_THAT(walk_uploads(request({half, half, file("b", "x")}), kNumber),
              HoldsError(Errc::kInvalidArgument, HasSubstr("together")));
}

TEST(UploadWalk, BoundsHowManyThereAre) {
  std::vector<v2_10::FileUpload> uploads(kMostUploads, directory("d"));
  EXPECT_TRUE(walk_uploads(request(uploads), kNumber));
  uploads.push_back(directory("d"));
  EXPECT_THAT(walk_uploads(request(uploads), kNumber),
              HoldsError(Errc::kInvalidArgument, HasSubstr("more than 65536")));
}

TEST(UploadWalk, BoundsTheRest) {
  v2_11::RunJobReq message;
  message.set_command(std::string(kLargestRest, 'x'));
  EXPECT_THAT(walk_uploads(message.SerializeAsString(), kNumber),
              HoldsError(Errc::kInvalidArgument, HasSubstr("without its uploads")));
}

// A field of the wire type for strings and messages, as it travels; short.
std::string field(std::uint32_t number, std::string_view bytes) {
  const std::string head{static_cast<char>(number << 3U | 2U), static_cast<char>(bytes.size())};
  return head + std::string(bytes);
}

// Numbers 10, 11 and 12, which no message has: of eight bytes, of four, and a varint.
std::string later_fields() {
  const std::string fixed64 = static_cast<char>(10U << 3U | 1U) + std::string(8, 'x');
  const std::string fixed32 = static_cast<char>(11U << 3U | 5U) + std::string(4, 'x');
  return fixed64 + fixed32 + static_cast<char>(12U << 3U) + '\x01';
}

TEST(UploadWalk, RefusesWhatIsNoMessage) {
  const std::string a_number{'\x08', '\x01'};
  const std::string a_text = field(3, "x");
  const std::string without_end(11, '\xff');
  for (const std::string& bytes : {
           without_end,                                       // A tag that does not end.
           '\x08' + without_end,                              // Nor a number.
           field(7, "abc").substr(0, 4),                      // Longer than what is there.
           std::string{'\x38', '\x01'},                       // Uploads that are a number.
           std::string(1, static_cast<char>(7U << 3U | 3U)),  // A group.
           std::string(2, '\0'),                              // Number 0.
           field(7, a_number),                                // A path that is a number.
           field(7, a_text),                                  // A mode that is text.
           field(7, without_end),                             // An upload that is no message.
       }) {
    EXPECT_THAT(walk_uploads(bytes, kNumber),
                HoldsError(Errc::kInvalidArgument, HasSubstr("not a valid message")));
  }
}

TEST(UploadWalk, PassesOverWhatLaterVersionsAdd) {
  const std::string message = field(kNumber, field(1, "a") + later_fields()) + later_fields();
  const auto walked = walk_uploads(message, kNumber);
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->uploads.at(0).path, "a");
  EXPECT_EQ(walked->rest, later_fields());
}

TEST(UploadWalk, TakesTheLastOfAFieldThatComesTwice) {
  const std::string message =
      field(kNumber, field(1, "a") + field(2, "x") + field(1, "b") + field(2, "yy"));
  const auto walked = walk_uploads(message, kNumber);
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->uploads.at(0).path, "b");
  EXPECT_EQ(walked->uploads.at(0).content, "yy");
}

}  // namespace
}  // namespace warren::gateway
