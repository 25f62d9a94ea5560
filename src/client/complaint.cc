// SPDX-License-Identifier: Apache-2.0

#include "client/complaint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "client/output_stream.h"

namespace warren::client {

void complain_as(std::string_view program, std::string_view sentence) {
  std::string line = fmt::format("{}: {}", program, sentence);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  // There is nowhere else to say that standard error is broken.
  std::ignore = print(STDERR_FILENO, line + '\n');
}

}  // namespace warren::client
