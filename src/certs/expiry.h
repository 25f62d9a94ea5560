// SPDX-License-Identifier: Apache-2.0
//
// When the certificates of a directory end, as `warren doctor` shows it.

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::certs {

// How long before its end a certificate is spoken of.
inline constexpr std::chrono::days kWarningPeriod(30);

enum class Verdict : std::uint8_t {
  kOk,
  kLimited,  // Ends within the warning period, or could not be looked at.
  kMissing,  // Has ended.
};

struct Finding {
  Verdict verdict;
  std::string path;
  std::string detail;
};

[[nodiscard]] std::string_view to_text(Verdict verdict);

// Of the certificate in `text` that ends first.
[[nodiscard]] Result<std::chrono::sys_seconds> first_end(std::string_view text);

[[nodiscard]] Finding judge(std::string path, std::chrono::sys_seconds end,
                            std::chrono::sys_seconds now);

// Every certificate of any layout in this directory and two levels below it. A directory that does
// not exist has none.
[[nodiscard]] std::vector<Finding> check_directory(const std::string& path,
                                                   std::chrono::sys_seconds now);

}  // namespace warren::certs
