// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/tar_header.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace warren::gateway {
namespace {

constexpr Timestamp kModified = std::chrono::sys_days(std::chrono::year(2027) / 7 / 18);

struct Found {
  std::string path;
  mode_t mode;
  std::string content;
  std::string target;
  std::time_t modified;
  friend bool operator==(const Found&, const Found&) = default;
};

std::string archive_of(const std::vector<Upload>& uploads) {
  std::string out;
  for (const Upload& upload : uploads) {
    out += tar_header(upload, kModified);
    out += upload.content;
    out += tar_padding(upload.content.size());
  }
  return out += tar_end();
}

// What a reader of tar that is not ours finds, which must be all of it.
std::vector<Found> read_archive(const std::string& bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(::archive_read_new(),
                                                           ::archive_read_free);
  EXPECT_EQ(::archive_read_support_format_tar(reader.get()), ARCHIVE_OK);
  EXPECT_EQ(::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()), ARCHIVE_OK);
  std::vector<Found> found;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = ::archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
    EXPECT_EQ(::archive_read_data(reader.get(), content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    const char* const target = ::archive_entry_symlink(entry);
    found.push_back({.path = ::archive_entry_pathname(entry),
                     .mode = ::archive_entry_mode(entry),
                     .content = content,
                     .target = target == nullptr ? "" : target,
                     .modified = ::archive_entry_mtime(entry)});
  }
  EXPECT_EQ(status, ARCHIVE_EOF) << ::archive_error_string(reader.get());
  return found;
}

Upload file(std::string path, std::string_view content) {
  return {.type = Upload::Type::kFile, .path = std::move(path), .content = content, .mode = 0640};
}

Found found_file(std::string path, std::string_view content) {
  return {.path = std::move(path),
          .mode = S_IFREG | 0640,
          .content = std::string(content),
          .target = "",
          .modified = std::chrono::system_clock::to_time_t(kModified)};
}

TEST(TarHeader, TellsOfFilesDirectoriesAndLinks) {
  const auto time = std::chrono::system_clock::to_time_t(kModified);
  const std::vector<Found> found = read_archive(archive_of({
      {.type = Upload::Type::kDirectory, .path = "data", .content = "", .mode = 0750},
      file("data/a.csv", "1,2\n"),
      {.type = Upload::Type::kLinkToWork, .path = "ml", .content = "", .mode = 0777},
  }));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].path, "data");
  EXPECT_EQ(found[0].mode, S_IFDIR | 0750U);
  EXPECT_EQ(found[0].modified, time);
  EXPECT_EQ(found[1], found_file("data/a.csv", "1,2\n"));
  EXPECT_EQ(found[2].path, "ml");
  EXPECT_TRUE(S_ISLNK(found[2].mode));
  EXPECT_EQ(found[2].target, ".");
}

TEST(TarHeader, HoldsNamesOfEveryLength) {
  for (const std::size_t length : {1U, 99U, 100U, 101U, 111U, 240U, 992U, 993U, 4000U}) {
    std::string name;
    while (name.size() < length) name += name.size() % 100 == 99 ? '/' : 'n';
    if (name.ends_with('/')) name.back() = 'n';
    EXPECT_EQ(read_archive(archive_of({file(name, "x"), file("next", "y")})),
              (std::vector{found_file(name, "x"), found_file("next", "y")}))
        << length;
  }
}

TEST(TarHeader, PadsContentsOfEverySize) {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 100'000U}) {
    const std::string content(size, 'c');
    EXPECT_EQ(read_archive(archive_of({file("a", content), file("b", "y")})),
              (std::vector{found_file("a", content), found_file("b", "y")}))
        << size;
  }
}

TEST(TarHeader, IsNoWholeArchiveWithoutItsEnd) {
  EXPECT_EQ(tar_end(), std::string_view(std::string(1024, '\0')));
  EXPECT_EQ(tar_padding(512), "");
}

}  // namespace
}  // namespace warren::gateway
