// SPDX-License-Identifier: Apache-2.0
//
// PEM within YAML: literal blocks, replaced in place so that whatever else a person has written
// into the file stays as it is. Pure.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::certs {

struct PemBlock {
  std::string_view key;
  std::string_view pem;
};

// "    cert: |" and the lines of the PEM, two columns further in. Ends with a line's end.
[[nodiscard]] std::string format_block(const PemBlock& block, std::size_t indentation);

// `yaml` with the literal blocks of these keys replaced, each indented as it was. A key that is
// there in another form, twice, or not at all is an error.
[[nodiscard]] Result<std::string> replace_blocks(std::string_view yaml,
                                                 std::span<const PemBlock> blocks);

}  // namespace warren::certs
