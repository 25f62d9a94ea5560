// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <span>

namespace warren::provider {

// The warren-init that was built with this program, as an ELF file. Part of the program itself, so
// that the two always fit together and no file of the host has to be trusted.
[[nodiscard]] std::span<const std::byte> init_program() noexcept;

}  // namespace warren::provider
