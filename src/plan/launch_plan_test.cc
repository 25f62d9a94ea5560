// SPDX-License-Identifier: Apache-2.0

#include "plan/launch_plan.h"

#include <gmock/gmock.h>

#include <cstring>

#include "plan/format.h"
#include "plan/plan_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::plan {
namespace {

using ::testing::_;
using ::testing::HasSubstr;

using Bytes = std::vector<std::byte>;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

LaunchPlan small_plan() {
  return {.sandbox = {{.op = Op::kPrivateMounts},
                      {.op = Op::kAttach, .slot = Slot::kPool, .texts = {"/pool"}}},
          .process = {{.op = Op::kSetAffinity, .data = bytes_of("seven b")},
                      {.op = Op::kExecute, .a = 2, .b = 1, .texts = {"/x", "", "b c", "A=\n"}}}};
}

Bytes encoded() {
  return encode(small_plan()).value();
}

Header header_of(const Bytes& bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

template <typename Change>
Bytes with_header(Change change) {
  Bytes bytes = encoded();
  Header header = header_of(bytes);
  change(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// The second step of small_plan(), which has one text.
template <typename Change>
Bytes with_step(Change change) {
  Bytes bytes = encoded();
  std::byte* place = bytes.data() + sizeof(Header) + sizeof(StepHead);
  StepHead head;
  std::memcpy(&head, place, sizeof head);
  change(head, place + sizeof head);
  std::memcpy(place, &head, sizeof head);
  return bytes;
}

void expect_refused(const Bytes& bytes) {
  EXPECT_THAT(decode(bytes), test::HoldsError(Errc::kInvalidArgument, _));
}

TEST(LaunchPlan, ComesBackAsItWas) {
  EXPECT_EQ(decode(encoded()).value(), small_plan());
}

TEST(LaunchPlan, ComesBackFromAnyAddress) {
  Bytes shifted(1);
  const Bytes bytes = encoded();
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(decode(std::span(shifted).subspan(1)).value(), small_plan());
}

TEST(LaunchPlan, ComesBackAsCompiled) {
  for (const model::JobSpec& spec : {job({"ls"}), host_job({"ls"})}) {
    const LaunchPlan plan = compile(spec, small_image(), small_host()).value();
    EXPECT_EQ(decode(encode(plan).value()).value(), plan);
  }
}

TEST(LaunchPlan, CanBeEmpty) {
  EXPECT_EQ(decode(encode({}).value()).value(), LaunchPlan());
}

TEST(LaunchPlan, HasALargestSize) {
  LaunchPlan plan;
  plan.process.push_back({.op = Op::kExecute, .texts = {std::string(kLargestPlan, 'x')}});
  EXPECT_THAT(encode(plan), test::HoldsError(Errc::kInvalidArgument, HasSubstr("too large")));
  plan.process.front().texts.assign(kMostTexts + 1, "x");
  EXPECT_THAT(encode(plan), test::HoldsError(Errc::kInvalidArgument, HasSubstr("too large")));
  plan.process.front().texts.pop_back();
  EXPECT_TRUE(encode(plan));
}

TEST(Decode, RefusesEveryTruncation) {
  const Bytes bytes = encoded();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    expect_refused({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    // The same, with a header that claims to fit.
    Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    if (size < sizeof(Header)) continue;
    Header header = header_of(cut);
    header.bytes = static_cast<std::uint32_t>(size);
    std::memcpy(cut.data(), &header, sizeof header);
    expect_refused(cut);
  }
}

TEST(Decode, RefusesWhatIsNotAPlanOfThisVersion) {
  expect_refused(with_header([](Header& header) { header.magic ^= 1; }));
  expect_refused(with_header([](Header& header) { ++header.version; }));
  expect_refused(with_header([](Header& header) { ++header.bytes; }));
}

TEST(Decode, RefusesCountsThatCannotBe) {
  expect_refused(with_header([](Header& header) { ++header.process_steps; }));
  expect_refused(with_header([](Header& header) { header.sandbox_steps = UINT32_MAX; }));
  expect_refused(with_header([](Header& header) {
    header.sandbox_steps = UINT32_MAX;
    header.process_steps = 5;  // The sum is that of the plan, but for an overflow.
  }));
}

TEST(Decode, RefusesBytesAfterTheLastStep) {
  expect_refused(with_header([](Header& header) { --header.process_steps; }));
}

TEST(Decode, RefusesStepsOfWrongSize) {
  for (const std::uint32_t size : {0U, 8U, 31U, 33U, 44U, 4096U, UINT32_MAX, UINT32_MAX - 7}) {
    expect_refused(with_step([size](StepHead& head, std::byte*) { head.bytes = size; }));
  }
  for (const std::uint32_t size : {9U, 4096U, UINT32_MAX}) {
    expect_refused(with_step([size](StepHead& head, std::byte*) { head.payload = size; }));
  }
}

TEST(Decode, RefusesUnknownOperationsAndSlots) {
  expect_refused(with_step([](StepHead& head, std::byte*) { head.op = 0; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.op = 9999; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.slot = kSlotCount; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.slot = -2; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.other = INT16_MAX; }));
}

TEST(Decode, RefusesTextsWithoutTheirEnd) {
  expect_refused(with_step([](StepHead&, std::byte* text) { text[5] = std::byte{'x'}; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.payload -= 1; }));
}

TEST(Decode, RefusesMoreOrFewerTextsThanItWasTold) {
  expect_refused(with_step([](StepHead& head, std::byte*) { head.strings = 2; }));
  expect_refused(with_step([](StepHead&, std::byte* text) { text[2] = std::byte{0}; }));
  expect_refused(with_step([](StepHead& head, std::byte*) { head.strings = UINT16_MAX; }));
}

TEST(ToText, SaysOperationSlotNumbersAndTexts) {
  EXPECT_EQ(to_text(Step{.op = Op::kAttach,
                         .slot = Slot::kPool,
                         .other = static_cast<Slot>(static_cast<int>(Slot::kFirstMount) + 6),
                         .texts = {"usr"}}),
            "attach pool at mount+6 usr");
  EXPECT_EQ(to_text(Step{.op = Op::kMakeDirectory, .slot = Slot::kPool, .a = 0755, .texts = {"a"}}),
            "make-directory pool 0755 a");
  EXPECT_EQ(to_text(Step{.op = Op::kSeccomp, .data = Bytes(16)}), "seccomp [16 bytes]");
}

TEST(ToText, KeepsEachStepOnOneLine) {
  EXPECT_EQ(to_text(Step{.op = Op::kExecute, .texts = {"a\nb", "", "it's", "\x7f\\"}}),
            R"(execute 'a\x0ab' '' 'it\'s' '\x7f\\')");
}

}  // namespace
}  // namespace warren::plan
