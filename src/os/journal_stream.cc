// SPDX-License-Identifier: Apache-2.0

#include "os/journal_stream.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

namespace warren::os {

bool is_journal_stream(int fd) {
  const char* const journal = std::getenv("JOURNAL_STREAM");
  struct stat own {};
  return journal != nullptr && ::fstat(fd, &own) == 0 &&
         journal == fmt::format("{}:{}", own.st_dev, own.st_ino);
}

}  // namespace warren::os
