// SPDX-License-Identifier: Apache-2.0

#include "os/text_file.h"

#include <fcntl.h>

#include <array>
#include <span>

#include "os/file.h"

namespace warren::os {
namespace {

constexpr std::size_t kLargest = 1 << 20;

}  // namespace

KernelResult<std::string> read_text(int directory, const char* path) {
  const UniqueFd file = WARREN_TRY(open_at(directory, path, O_RDONLY));
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const std::size_t count =
        WARREN_TRY(read_some(file.get(), std::as_writable_bytes(std::span(buffer))));
    if (count == 0) return text;
    if (text.size() + count > kLargest) return std::unexpected(Errno{EFBIG});
    text.append(buffer.data(), count);
  }
}

KernelResult<> write_text(int directory, const char* path, std::string_view text) {
  const UniqueFd file = WARREN_TRY(open_at(directory, path, O_WRONLY));
  const std::size_t count = WARREN_TRY(write_some(file.get(), std::as_bytes(std::span(text))));
  return count == text.size() ? KernelResult<>() : std::unexpected(Errno{EIO});
}

}  // namespace warren::os
