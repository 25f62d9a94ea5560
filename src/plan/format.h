// SPDX-License-Identifier: Apache-2.0
//
// The binary form of a plan, and a reader that trusts nothing. Native byte order and alignment: a
// plan never leaves the machine. Needs no C++ runtime library: warren-init reads plans in place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "plan/op.h"

namespace warren::plan {

inline constexpr std::uint32_t kMagic = 0x314e5257;  // "WRN1"
inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kLargestPlan = std::size_t{2} << 20;
inline constexpr std::size_t kMostTexts = 16384;  // Of one step.

struct Header {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint16_t reserved;
  std::uint32_t bytes;          // Of the whole plan, this header included.
  std::uint32_t sandbox_steps;  // They come first.
  std::uint32_t process_steps;
  std::uint32_t reserved2;
};
static_assert(sizeof(Header) == 24);

// A step: this head, then `strings` texts that each end with a NUL, or `strings` 0 and raw data.
struct StepHead {
  std::uint16_t op;
  std::uint16_t strings;
  std::uint32_t bytes;  // Of the step, this head and padding included. A multiple of 8.
  std::int16_t slot;
  std::int16_t other;
  std::uint32_t payload;  // Bytes of text or data that follow this head.
  std::uint64_t a;
  std::uint64_t b;
};
static_assert(sizeof(StepHead) == 32);

// One step of a plan in memory that somebody else keeps.
class StepView {
 public:
  StepView(const StepHead* head) noexcept : head_(head) {}

  [[nodiscard]] Op op() const noexcept { return static_cast<Op>(head_->op); }
  [[nodiscard]] Slot slot() const noexcept { return static_cast<Slot>(head_->slot); }
  [[nodiscard]] Slot other() const noexcept { return static_cast<Slot>(head_->other); }
  [[nodiscard]] std::uint64_t a() const noexcept { return head_->a; }
  [[nodiscard]] std::uint64_t b() const noexcept { return head_->b; }
  [[nodiscard]] std::size_t strings() const noexcept { return head_->strings; }

  [[nodiscard]] std::span<const std::byte> data() const noexcept {
    return {reinterpret_cast<const std::byte*>(head_ + 1), head_->payload};
  }

  // The first text; follow with next() for the others. Only when strings() > 0.
  [[nodiscard]] const char* text() const noexcept {
    return reinterpret_cast<const char*>(head_ + 1);
  }
  [[nodiscard]] static const char* next(const char* text) noexcept {
    return text + std::strlen(text) + 1;
  }

 private:
  const StepHead* head_;
};

// Walks the steps of a plan. The bytes must be aligned to 8 and stay where they are.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> plan) noexcept;

  // Whether the header fits this program and the bytes.
  [[nodiscard]] bool is_valid() const noexcept { return header_ != nullptr; }
  [[nodiscard]] const Header& header() const noexcept { return *header_; }

  // The next step, sandbox steps first; false at the end or at a malformed step.
  [[nodiscard]] bool read(const StepHead*& step) noexcept;
  [[nodiscard]] std::uint32_t remaining() const noexcept { return remaining_; }
  // Whether every step has been read and nothing follows the last.
  [[nodiscard]] bool is_complete() const noexcept { return remaining_ == 0 && rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  const Header* header_ = nullptr;
  std::uint32_t remaining_ = 0;
};

}  // namespace warren::plan
