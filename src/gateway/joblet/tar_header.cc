// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/tar_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>

namespace warren::gateway {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::array<char, 2 * kBlock> kZeros{};

struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kOwner{108, 8};
constexpr Field kGroup{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kModified{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kTypeOffset = 156;
constexpr Field kLinkName{157, 100};
constexpr Field kMagic{257, 8};

constexpr char kRegular = '0';
constexpr char kSymlink = '2';
constexpr char kDirectory = '5';
constexpr char kExtended = 'x';  // Records about the entry that follows.

void put(std::string& block, Field field, std::string_view text) {
  block.replace(field.offset, std::min(text.size(), field.length), text.substr(0, field.length));
}

// Octal digits, and the NUL that ends them.
void put_number(std::string& block, Field field, std::uint64_t number) {
  put(block, field, fmt::format("{:0{}o}", number, field.length - 1));
}

// The sum of all bytes, with blanks in its own place.
void seal(std::string& block) {
  put(block, kChecksum, "        ");
  const auto sum = std::accumulate(
      block.begin(), block.end(), std::uint64_t{0},
      [](std::uint64_t so_far, char byte) { return so_far + static_cast<unsigned char>(byte); });
  block[kChecksum.offset + kChecksum.length - 2] = '\0';
  put(block, {kChecksum.offset, kChecksum.length - 2}, fmt::format("{:06o}", sum));
}

struct Entry {
  char type;
  std::string_view name;
  std::uint32_t mode = 0644;
  std::size_t size = 0;
  Timestamp modified{};
};

std::string block_of(const Entry& entry) {
  std::string block(kBlock, '\0');
  const auto seconds = std::chrono::floor<std::chrono::seconds>(entry.modified);
  put(block, kName, entry.name);
  put_number(block, kMode, entry.mode);
  put_number(block, kOwner, 0);  // Whoever unpacks it says whose it is.
  put_number(block, kGroup, 0);
  put_number(block, kSize, entry.size);
  put_number(block, kModified, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
  block[kTypeOffset] = entry.type;
  if (entry.type == kSymlink) put(block, kLinkName, ".");
  put(block, kMagic,
      std::string_view("ustar\0"
                       "00",
                       8));
  seal(block);
  return block;
}

// "<length> path=<name>\n", where the length counts its own digits.
std::string path_record(std::string_view name) {
  const std::size_t rest = std::string_view(" path=\n").size() + name.size();
  std::size_t length = rest + 1;
  while (length != rest + fmt::formatted_size("{}", length)) ++length;
  return fmt::format("{} path={}\n", length, name);
}

// A header of its own for a name that has no room in the other one.
std::string long_name(std::string_view name) {
  const std::string record = path_record(name);
  std::string out = block_of({.type = kExtended, .name = "path", .size = record.size()});
  out += record;
  out += tar_padding(record.size());
  return out;
}

char type_of(Upload::Type type) noexcept {
  switch (type) {
    case Upload::Type::kDirectory:
      return kDirectory;
    case Upload::Type::kLinkToWork:
      return kSymlink;
    case Upload::Type::kFile:
      break;
  }
  return kRegular;
}

}  // namespace

std::string tar_header(const Upload& upload, Timestamp modified) {
  std::string out;
  if (upload.path.size() > kName.length) out = long_name(upload.path);
  return out + block_of({.type = type_of(upload.type),
                         .name = upload.path,
                         .mode = upload.mode,
                         .size = upload.content.size(),
                         .modified = modified});
}

std::string_view tar_padding(std::size_t size) noexcept {
  return {kZeros.data(), (kBlock - size % kBlock) % kBlock};
}

std::string_view tar_end() noexcept {
  return {kZeros.data(), kZeros.size()};
}

}  // namespace warren::gateway
