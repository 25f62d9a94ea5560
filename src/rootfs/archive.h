// SPDX-License-Identifier: Apache-2.0
//
// Unpacking of tar archives that nobody vouches for, below a directory that they cannot leave.

#pragma once

#include <chrono>
#include <cstdint>

#include "base/result.h"
#include "base/size.h"

namespace warren::rootfs {

struct UnpackOptions {
  std::uint32_t uid = 0;  // Owner of everything that is made, as on disk: counted from 0.
  std::uint32_t gid = 0;
  Bytes most_bytes{std::uint64_t{1} << 40};  // Of file contents, as they are on disk.
  std::uint64_t most_entries = 1'000'000;
  std::chrono::milliseconds patience{60'000};  // With whoever writes the archive: base/pace.h.
};

struct Unpacked {
  std::uint64_t entries = 0;
  Bytes bytes;
};

// Reads one tar archive (ustar, pax, GNU) from `archive`, a pipe or a file, up to its end and
// unpacks it below `directory`. Only regular files, directories, symbolic links and hard links
// within the archive; anything else, absolute names and ".." fail and name the entry. Entries
// unpacked until then stay. Whoever writes the archive and uses up the patience fails it, too. No
// process of the sandbox may run meanwhile.
[[nodiscard]] Result<Unpacked> unpack_archive(int archive, int directory,
                                              const UnpackOptions& options);

}  // namespace warren::rootfs
