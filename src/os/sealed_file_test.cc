// SPDX-License-Identifier: Apache-2.0

#include "os/sealed_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace warren::os {
namespace {

std::string_view text_of(const SealedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(SealedFile, HoldsWhatItWasMadeOf) {
  const std::string text(300'000, 'x');
  const auto file = make_sealed_file("test", bytes_of(text));
  ASSERT_TRUE(file);
  const auto mapped = SealedFile::map(*file);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(text_of(*mapped), text);
}

TEST(SealedFile, MayBeEmpty) {
  const auto file = make_sealed_file("test", {});
  ASSERT_TRUE(file);
  const auto mapped = SealedFile::map(*file);
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->bytes().empty());
}

TEST(SealedFile, CannotBeChangedAnyMore) {
  const auto file = make_sealed_file("test", bytes_of("content"));
  ASSERT_TRUE(file);
  EXPECT_EQ(::pwrite(file->get(), "C", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(file->get(), 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SealedFile, RefusesToMapAFileThatIsNotSealed) {
  const UniqueFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::write(file.get(), "content", 7), 7);
  const auto mapped = SealedFile::map(file);
  ASSERT_FALSE(mapped);
  EXPECT_EQ(mapped.error(), Errno{EINVAL});
}

TEST(SealedFile, StaysMappedWhereItIsMovedTo) {
  auto first = SealedFile::map(*make_sealed_file("test", bytes_of("first")));
  auto second = SealedFile::map(*make_sealed_file("test", bytes_of("second")));
  ASSERT_TRUE(first && second);
  *first = *std::move(second);
  EXPECT_EQ(text_of(*first), "second");
}

}  // namespace
}  // namespace warren::os
