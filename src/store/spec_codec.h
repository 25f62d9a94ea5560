// SPDX-License-Identifier: Apache-2.0
//
// Specifications as compact JSON text. A value that is its default is left out, so a field that a
// later version adds reads as its default from what an earlier one has written.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/spec.h"

namespace warren::store {

// Fails with kInvalidArgument when a text in `spec` is not UTF-8.
[[nodiscard]] Result<std::string> encode(const model::JobSpec& spec);
[[nodiscard]] Result<model::JobSpec> decode_spec(std::string_view text);

}  // namespace warren::store
