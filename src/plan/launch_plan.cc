// SPDX-License-Identifier: Apache-2.0

#include "plan/launch_plan.h"

#include <algorithm>
#include <cstring>

#include "plan/format.h"

namespace warren::plan {
namespace {

void append(std::vector<std::byte>& bytes, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

std::size_t payload_of(const Step& step) {
  std::size_t size = step.data.size();
  for (const std::string& text : step.texts) size += text.size() + 1;
  return size;
}

Result<> append_step(std::vector<std::byte>& bytes, const Step& step) {
  const std::size_t payload = payload_of(step);
  if (payload > kLargestPlan || step.texts.size() > kMostTexts) {
    return fail(Errc::kInvalidArgument, "command and environment are too large");
  }
  const std::size_t padded = (payload + 7) / 8 * 8;
  const StepHead head{.op = static_cast<std::uint16_t>(step.op),
                      .strings = static_cast<std::uint16_t>(step.texts.size()),
                      .bytes = static_cast<std::uint32_t>(sizeof(StepHead) + padded),
                      .slot = static_cast<std::int16_t>(step.slot),
                      .other = static_cast<std::int16_t>(step.other),
                      .payload = static_cast<std::uint32_t>(payload),
                      .a = step.a,
                      .b = step.b};
  append(bytes, &head, sizeof head);
  for (const std::string& text : step.texts) append(bytes, text.c_str(), text.size() + 1);
  append(bytes, step.data.data(), step.data.size());
  bytes.resize(bytes.size() + padded - payload);
  return {};
}

Step to_step(const StepHead& head) {
  const StepView view(&head);
  Step step{.op = view.op(),
            .slot = view.slot(),
            .other = view.other(),
            .a = view.a(),
            .b = view.b(),
            .texts = {},
            .data = {}};
  if (view.strings() == 0) {
    step.data.assign(view.data().begin(), view.data().end());
    return step;
  }
  const char* text = view.text();
  for (std::size_t index = 0; index < view.strings(); ++index) {
    step.texts.emplace_back(text);
    text = StepView::next(text);
  }
  return step;
}

}  // namespace

Result<std::vector<std::byte>> encode(const LaunchPlan& plan) {
  std::vector<std::byte> bytes(sizeof(Header));
  for (const Step& step : plan.sandbox) WARREN_TRY(append_step(bytes, step));
  for (const Step& step : plan.process) WARREN_TRY(append_step(bytes, step));
  if (bytes.size() > kLargestPlan) {
    return fail(Errc::kInvalidArgument, "command and environment are too large");
  }
  const Header header{.magic = kMagic,
                      .version = kVersion,
                      .reserved = 0,
                      .bytes = static_cast<std::uint32_t>(bytes.size()),
                      .sandbox_steps = static_cast<std::uint32_t>(plan.sandbox.size()),
                      .process_steps = static_cast<std::uint32_t>(plan.process.size()),
                      .reserved2 = 0};
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

Result<LaunchPlan> decode(std::span<const std::byte> bytes) {
  // A copy in whole words, so that the reader finds its structures aligned.
  std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(words)).begin());
  Reader reader(std::as_bytes(std::span(words)).first(bytes.size()));
  if (!reader.is_valid()) return fail(Errc::kInvalidArgument, "not a plan of this version");

  LaunchPlan plan;
  const StepHead* head = nullptr;
  while (reader.read(head)) {
    auto& steps = plan.sandbox.size() < reader.header().sandbox_steps ? plan.sandbox : plan.process;
    steps.push_back(to_step(*head));
  }
  if (!reader.is_complete()) return fail(Errc::kInvalidArgument, "the plan has a malformed step");
  return plan;
}

}  // namespace warren::plan
