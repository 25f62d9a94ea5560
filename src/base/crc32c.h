// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli), as iSCSI and ext4 use it. Needs no runtime library: warren-init uses it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace warren {

namespace crc32c_detail {

consteval std::array<std::uint32_t, 256> make_table() {
  constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kReversedPolynomial : 0);
    }
    table[byte] = remainder;
  }
  return table;
}

inline constexpr std::array<std::uint32_t, 256> kTable = make_table();

}  // namespace crc32c_detail

[[nodiscard]] constexpr std::uint32_t crc32c(const std::uint8_t* data, std::size_t size) noexcept {
  std::uint32_t crc = ~std::uint32_t{0};
  for (std::size_t i = 0; i < size; ++i) {
    crc = (crc >> 8) ^ crc32c_detail::kTable[(crc ^ data[i]) & 0xFF];
  }
  return ~crc;
}

}  // namespace warren
