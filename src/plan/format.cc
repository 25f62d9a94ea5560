// SPDX-License-Identifier: Apache-2.0

#include "plan/format.h"

namespace warren::plan {
namespace {

bool slot_is_valid(std::int16_t slot) noexcept {
  return slot >= -1 && slot < static_cast<std::int16_t>(kSlotCount);
}

bool texts_end(const StepHead& head) noexcept {
  const auto* bytes = reinterpret_cast<const char*>(&head + 1);
  std::uint32_t ends = 0;
  for (std::uint32_t index = 0; index < head.payload; ++index) {
    if (bytes[index] == '\0') ++ends;
  }
  return ends == head.strings && (head.payload == 0 || bytes[head.payload - 1] == '\0');
}

bool step_is_valid(const StepHead& head, std::size_t available) noexcept {
  if (head.bytes < sizeof(StepHead) || head.bytes > available || head.bytes % 8 != 0) return false;
  if (head.payload > head.bytes - sizeof(StepHead)) return false;
  if (name_of(static_cast<Op>(head.op)) == nullptr) return false;
  if (!slot_is_valid(head.slot) || !slot_is_valid(head.other)) return false;
  return head.strings == 0 || texts_end(head);
}

}  // namespace

Reader::Reader(std::span<const std::byte> plan) noexcept {
  if (plan.size() < sizeof(Header) || plan.size() > kLargestPlan) return;
  const auto* header = reinterpret_cast<const Header*>(plan.data());
  if (header->magic != kMagic || header->version != kVersion) return;
  if (header->bytes != plan.size()) return;
  // Each step has a head, so more steps than heads fit cannot be there; this also rules out
  // overflow.
  const std::size_t most = plan.size() / sizeof(StepHead);
  if (header->sandbox_steps > most || header->process_steps > most) return;
  header_ = header;
  remaining_ = header->sandbox_steps + header->process_steps;
  rest_ = plan.subspan(sizeof(Header));
}

bool Reader::read(const StepHead*& step) noexcept {
  if (remaining_ == 0 || rest_.size() < sizeof(StepHead)) return false;
  const auto* head = reinterpret_cast<const StepHead*>(rest_.data());
  if (!step_is_valid(*head, rest_.size())) return false;
  step = head;
  rest_ = rest_.subspan(head->bytes);
  --remaining_;
  return true;
}

}  // namespace warren::plan
