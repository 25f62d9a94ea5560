// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "os/file.h"
#include "rootfs/archive.h"
#include "tests/fuzz/require.h"

namespace {

namespace fs = std::filesystem;

// A directory for one archive, in one where nothing else may appear.
class Place {
 public:
  Place() {
    std::string name = (fs::temp_directory_path() / "warren-fuzz-XXXXXX").string();
    warren::fuzz::require(::mkdtemp(name.data()) != nullptr);
    outside_ = name;
    fs::create_directory(outside_ / "inside");
  }
  ~Place() {
    std::error_code ignored;
    fs::remove_all(outside_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] fs::path inside() const { return outside_ / "inside"; }
  [[nodiscard]] bool is_untouched_outside() const {
    const fs::directory_iterator entries(outside_);
    return std::distance(begin(entries), end(entries)) == 1;
  }

 private:
  fs::path outside_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Place place;
  const warren::os::UniqueFd archive(::memfd_create("archive", MFD_CLOEXEC));
  warren::fuzz::require(
      warren::os::write_all(archive.get(), std::as_bytes(std::span(data, size))).has_value());
  ::lseek(archive.get(), 0, SEEK_SET);
  const warren::os::UniqueFd directory(
      ::open(place.inside().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  constexpr warren::rootfs::UnpackOptions kOptions{.most_bytes = warren::Bytes{1 << 20},
                                                   .most_entries = 100};
  const auto unpacked = warren::rootfs::unpack_archive(archive.get(), directory.get(), kOptions);
  warren::fuzz::require(!unpacked || unpacked->entries <= kOptions.most_entries);
  warren::fuzz::require(place.is_untouched_outside());
  return 0;
}
