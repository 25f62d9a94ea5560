// SPDX-License-Identifier: Apache-2.0

#include "client/complaint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <tuple>

#include "base/quote.h"
#include "client/output_stream.h"

namespace warren::client {

void complain_as(std::string_view program, std::string_view sentence) {
  const std::string line = without_controls(fmt::format("{}: {}", program, sentence), ' ');
  // There is nowhere else to say that standard error is broken.
  std::ignore = print(STDERR_FILENO, line + '\n');
}

}  // namespace warren::client
