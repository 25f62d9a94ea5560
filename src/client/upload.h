// SPDX-License-Identifier: Apache-2.0
//
// Files for a job's working directory, as one tar archive. They are listed before the job is asked
// for, so that what cannot be sent is an error while nothing has happened yet.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace warren::client {

struct UploadSources {
  std::vector<std::string> files;        // Each comes under its base name.
  std::vector<std::string> directories;  // The contents of each come without it.
};

struct UploadEntry {
  enum class Type : std::uint8_t { kFile, kDirectory, kSymlink };
  Type type = Type::kFile;
  std::string source;  // Empty for a symbolic link that exists in the archive only.
  std::string name;    // Relative to the working directory.
  std::string target;  // Of a symbolic link.
};

// All that `sources` name, directories before what is in them. A directory that is uploaded is also
// reachable under its base name: through a link to the working directory itself, unless something
// has that name. Fails on anything but files, directories and symbolic links, and when two sources
// give one name.
[[nodiscard]] Result<std::vector<UploadEntry>> list_uploads(const UploadSources& sources);

// Writes the archive to `fd` and waits as long as its reader takes. After a failure the archive has
// no end mark, so that its reader can tell.
[[nodiscard]] Result<> write_archive(const std::vector<UploadEntry>& entries, int fd);

}  // namespace warren::client
