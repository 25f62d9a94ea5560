// SPDX-License-Identifier: Apache-2.0
//
// How a Result travels: Errc against the numbers of gRPC's status codes.

#pragma once

#include <cstdint>

#include "base/result.h"
#include "warren/v1/frame.pb.h"

namespace warren::wire {

[[nodiscard]] std::uint32_t to_status_code(Errc code) noexcept;

// A number that no Errc has is kInternal. `code` is not 0, which means success.
[[nodiscard]] Errc to_errc(std::uint32_t code) noexcept;

[[nodiscard]] v1::End to_end(const Result<>& result);
[[nodiscard]] Result<> to_result(const v1::End& end);

}  // namespace warren::wire
