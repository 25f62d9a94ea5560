// SPDX-License-Identifier: Apache-2.0

#include "rootfs/archive.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>

#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/state_directory_test.h"
#include "tests/support/result_matchers.h"

namespace warren::rootfs {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

constexpr std::size_t kBlock = 512;

void put(std::string& header, std::size_t offset, std::string_view text) {
  header.replace(offset, text.size(), text);
}

// A tar archive in the making, byte by byte: what no decent program would write must be possible.
class Tar {
 public:
  Tar& add(char type, const std::string& name, const std::string& content = "",
           const std::string& link = "", unsigned mode = 0644) {
    std::string header(kBlock, '\0');
    put(header, 0, name);
    put(header, 100, fmt::format("{:07o}", mode));
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", content.size()));
    put(header, 136, "00000000001");
    put(header, 148, "        ");
    header[156] = type;
    put(header, 157, link);
    put(header, 257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char character : header) sum += static_cast<unsigned char>(character);
    put(header, 148, fmt::format("{:06o}", sum));
    header[154] = '\0';
    bytes_ += header + content;
    bytes_.resize((bytes_.size() + kBlock - 1) / kBlock * kBlock);
    return *this;
  }
  Tar& file(const std::string& name, const std::string& content) { return add('0', name, content); }
  Tar& link(const std::string& name, const std::string& to) { return add('2', name, "", to); }

  [[nodiscard]] std::string finished() const { return bytes_ + std::string(2 * kBlock, '\0'); }
  [[nodiscard]] const std::string& unfinished() const { return bytes_; }

 private:
  std::string bytes_;
};

class ArchiveTest : public StateDirectoryTest {
 protected:
  void SetUp() override {
    StateDirectoryTest::SetUp();
    ASSERT_EQ(::mkdir((state() + "/work").c_str(), 0755), 0);
    work_ = open_directory(state() + "/work");
  }

  [[nodiscard]] Result<Unpacked> unpack(const std::string& bytes,
                                        UnpackOptions options = {}) const {
    const os::UniqueFd archive(::memfd_create("archive", MFD_CLOEXEC));
    EXPECT_TRUE(os::write_all(archive.get(), std::as_bytes(std::span(bytes))));
    ::lseek(archive.get(), 0, SEEK_SET);
    return unpack_archive(archive.get(), work_.get(), options);
  }
  [[nodiscard]] std::string read(const char* path) const {
    return os::read_text(work_.get(), path).value_or("(none)");
  }
  [[nodiscard]] struct stat status(const char* path) const {
    struct stat found {};
    ::fstatat(work_.get(), path, &found, AT_SYMLINK_NOFOLLOW);
    return found;
  }

  os::UniqueFd work_;
};

TEST_F(ArchiveTest, UnpacksWhatItMay) {
  const auto tar = Tar()
                       .add('5', "./dir/", "", "", 0750)
                       .file("dir/file", "content")
                       .add('0', "implied/program", "#!/bin/sh", "", 06755)
                       .link("dir/link", "/anywhere")
                       .add('1', "dir/hard", "", "dir/file");
  const auto unpacked = unpack(tar.finished(), {.uid = 1000, .gid = 1001});
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(unpacked->entries, 5U);
  EXPECT_EQ(unpacked->bytes, Bytes{16});
  EXPECT_EQ(read("dir/file"), "content");
  EXPECT_EQ(read("dir/hard"), "content");
  EXPECT_EQ(status("dir").st_mode, S_IFDIR | 0750U);
  EXPECT_EQ(status("implied/program").st_mode, S_IFREG | 0755U);
  for (const char* path : {"dir", "dir/file", "dir/link", "implied", "implied/program"}) {
    EXPECT_EQ(status(path).st_uid, 1000U) << path;
    EXPECT_EQ(status(path).st_gid, 1001U) << path;
  }
}

TEST_F(ArchiveTest, ReadsLongNamesOfBothKinds) {
  const std::string gnu = std::string(120, 'g') + "/file";
  const std::string pax = std::string(120, 'p') + "/f\xc3\xbcr";
  const std::string record = " path=" + pax + "\n";
  const auto tar = Tar()
                       .add('L', "././@LongLink", gnu + std::string(1, '\0'))
                       .file("short", "gnu")
                       .add('x', "PaxHeader", std::to_string(record.size() + 3) + record)
                       .file("short", "pax");
  const auto unpacked = unpack(tar.finished());
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(read(gnu.c_str()), "gnu");
  EXPECT_EQ(read(pax.c_str()), "pax");
}

TEST_F(ArchiveTest, RefusesNamesThatLeadOut) {
  for (const char* name : {"../escaped", "/escaped", "dir/../../escaped"}) {
    EXPECT_THAT(unpack(Tar().file(name, "x").finished()),
                HoldsError(Errc::kInvalidArgument, HasSubstr(name)));
    EXPECT_THAT(unpack(Tar().file("in", "x").add('1', "alias", "", name).finished()),
                HoldsError(Errc::kInvalidArgument, HasSubstr(name)));
  }
  EXPECT_NE(::access((state() + "/escaped").c_str(), F_OK), 0);
}

TEST_F(ArchiveTest, DoesNotWriteThroughLinks) {
  for (const std::string& target : {state(), std::string(".."), std::string("/proc/self/root")}) {
    const auto tar = Tar().link("door", target).file("door/escaped", "x");
    EXPECT_THAT(
        unpack(tar.finished()),
        HoldsError(Errc::kInternal, HasSubstr("entry 'door/escaped': opening its directory")));
  }
  EXPECT_NE(::access((state() + "/escaped").c_str(), F_OK), 0);
  EXPECT_NE(::access("/escaped", F_OK), 0);
}

TEST_F(ArchiveTest, ReplacesALinkInsteadOfItsTarget) {
  ASSERT_EQ(::mkdir((state() + "/outside").c_str(), 0755), 0);
  const std::string victim = state() + "/outside/victim";
  ASSERT_TRUE(os::open_at(AT_FDCWD, victim.c_str(), O_CREAT | O_WRONLY, 0600));
  ASSERT_TRUE(unpack(Tar().link("name", victim).file("name", "content").finished()));
  EXPECT_EQ(read("name"), "content");
  struct stat found {};
  ASSERT_EQ(::stat(victim.c_str(), &found), 0);
  EXPECT_EQ(found.st_size, 0);
}

TEST_F(ArchiveTest, DoesNotLinkThroughLinks) {
  const auto tar = Tar().link("door", "/etc").add('1', "stolen", "", "door/passwd");
  EXPECT_FALSE(unpack(tar.finished()));
  EXPECT_EQ(status("stolen").st_mode, 0U);
}

TEST_F(ArchiveTest, MakesNoDevicesAndNoPipes) {
  for (const char type : {'3', '4', '6'}) {
    EXPECT_THAT(unpack(Tar().add(type, "special").finished()),
                HoldsError(Errc::kInvalidArgument, HasSubstr("special")));
    EXPECT_EQ(status("special").st_mode, 0U);
  }
}

TEST_F(ArchiveTest, KeepsADirectoryThatAFileWouldReplace) {
  const auto tar = Tar().add('5', "dir/").file("dir", "x");
  EXPECT_THAT(unpack(tar.finished()), HoldsError(Errc::kInternal, HasSubstr("'dir'")));
  EXPECT_TRUE(S_ISDIR(status("dir").st_mode));
}

TEST_F(ArchiveTest, StopsAtItsLimits) {
  const std::string two = Tar().file("a", "12345").file("b", "67890").finished();
  EXPECT_TRUE(unpack(two, {.most_bytes = {10}, .most_entries = 2}));
  EXPECT_THAT(unpack(two, {.most_bytes = {9}}),
              HoldsError(Errc::kResourceExhausted, HasSubstr("'b'")));
  EXPECT_THAT(unpack(two, {.most_entries = 1}),
              HoldsError(Errc::kResourceExhausted, HasSubstr("more than 1 entries")));
}

TEST_F(ArchiveTest, RefusesAHeaderThatWouldFillTheMemory) {
  const std::string name(8 << 20, 'n');
  EXPECT_FALSE(unpack(Tar().add('L', "././@LongLink", name).file("short", "x").finished()));
}

TEST_F(ArchiveTest, NoticesThatAnArchiveIsCutOff) {
  const std::string whole = Tar().file("a", std::string(2000, 'x')).file("b", "y").finished();
  EXPECT_TRUE(unpack(whole));
  const std::string_view bytes(whole);
  for (const std::size_t length : {std::size_t{0}, std::size_t{100}, kBlock, 2 * kBlock, 5 * kBlock,
                                   5 * kBlock + 100, 7 * kBlock}) {
    EXPECT_FALSE(unpack(std::string(bytes.substr(0, length)))) << length;
  }
}

TEST_F(ArchiveTest, TakesAnEmptyArchive) {
  const auto unpacked = unpack(Tar().finished());
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(unpacked->entries, 0U);
}

TEST_F(ArchiveTest, RefusesWhatIsNoArchive) {
  EXPECT_THAT(unpack(std::string(4096, 'x')),
              HoldsError(Errc::kInvalidArgument, HasSubstr("unpacking")));
}

}  // namespace
}  // namespace warren::rootfs
