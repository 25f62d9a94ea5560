// SPDX-License-Identifier: Apache-2.0

#include "wire/codec.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/result_matchers.h"

namespace warren::wire {
namespace {

using ::testing::HasSubstr;

v1::Frame message_frame(std::uint32_t call, std::string text) {
  v1::Frame frame;
  frame.set_call(call);
  frame.set_message(std::move(text));
  frame.set_descriptors(2);
  return frame;
}

TEST(Codec, GivesBackWhatWasEncoded) {
  Decoder decoder;
  decoder.append(*encode(message_frame(7, "hello")));
  const auto frame = decoder.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->call(), 7U);
  EXPECT_EQ((*frame)->message(), "hello");
  EXPECT_EQ((*frame)->descriptors(), 2U);
  EXPECT_FALSE(decoder.is_inside_frame());
}

TEST(Codec, PutsTheLengthFirstLowByteFirst) {
  v1::Frame frame;
  frame.set_call(1);
  EXPECT_EQ(*encode(frame), std::string("\x02\0\0\0\x08\x01", 6));
}

TEST(Decoder, WaitsForFramesThatComeByteByByte) {
  const std::string bytes =
      *encode(message_frame(1, "first")) + *encode(message_frame(2, std::string(300, 'x')));
  Decoder decoder;
  std::vector<std::uint32_t> calls;
  for (const char byte : bytes) {
    decoder.append({&byte, 1});
    const auto frame = decoder.next();
    ASSERT_TRUE(frame);
    if (*frame) calls.push_back((*frame)->call());
  }
  EXPECT_EQ(calls, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Decoder, TakesSeveralFramesFromOneRead) {
  Decoder decoder;
  decoder.append(*encode(message_frame(1, "a")) + *encode(message_frame(2, "b")));
  EXPECT_EQ((*decoder.next())->call(), 1U);
  EXPECT_TRUE(decoder.is_inside_frame());
  EXPECT_EQ((*decoder.next())->call(), 2U);
  EXPECT_FALSE(*decoder.next());
}

TEST(Decoder, RefusesALengthBeyondTheLimitBeforeItsBytesArrive) {
  Decoder decoder;
  decoder.append(std::string_view("\x01\x00\x40\x00", 4));
  EXPECT_THAT(decoder.next(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("4194305")));
}

TEST(Decoder, RefusesBytesThatAreNoFrame) {
  Decoder decoder;
  decoder.append(std::string_view("\x03\0\0\0\xff\xff\xff", 7));
  EXPECT_THAT(decoder.next(), test::HoldsError(Errc::kInvalidArgument, HasSubstr("malformed")));
}

TEST(Decoder, SurvivesGarbage) {
  std::mt19937 random(20261120);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 8);
    Decoder decoder;
    decoder.append(bytes);
    for (int frames = 0; frames < 32; ++frames) {
      const auto frame = decoder.next();
      if (!frame || !*frame) break;
      ASSERT_LT(frames, 31) << "more frames than the bytes can hold";
    }
  }
}

TEST(Encode, RefusesAFrameBeyondTheLimit) {
  EXPECT_THAT(encode(message_frame(1, std::string(kLargestFrame, 'x'))),
              test::HoldsError(Errc::kResourceExhausted, HasSubstr("too large")));
}

}  // namespace
}  // namespace warren::wire
