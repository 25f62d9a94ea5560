// SPDX-License-Identifier: Apache-2.0

#include "wire/codec.h"

namespace warren::wire {
namespace {

std::uint32_t read_length(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthSize; ++i) {
    length |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return length;
}

void append_length(std::string& bytes, std::size_t length) {
  for (std::size_t i = 0; i < kLengthSize; ++i) {
    bytes.push_back(static_cast<char>((length >> (8 * i)) & 0xFF));
  }
}

}  // namespace

Result<std::string> encode(const v1::Frame& frame) {
  const std::size_t length = frame.ByteSizeLong();
  if (length > kLargestFrame) {
    return fail(Errc::kResourceExhausted, "a frame of {} bytes is too large to send", length);
  }
  std::string bytes;
  bytes.reserve(kLengthSize + length);
  append_length(bytes, length);
  if (!frame.AppendPartialToString(&bytes)) {
    return fail(Errc::kInternal, "a frame could not be encoded");
  }
  return bytes;
}

Result<std::optional<v1::Frame>> Decoder::next() {
  const std::string_view rest = std::string_view(buffer_).substr(consumed_);
  if (rest.size() < kLengthSize) {
    discard_consumed();
    return std::nullopt;
  }
  const std::size_t length = read_length(rest);
  if (length > kLargestFrame) {
    return fail(Errc::kInvalidArgument, "a frame of {} bytes is too large", length);
  }
  if (rest.size() < kLengthSize + length) {
    discard_consumed();
    return std::nullopt;
  }
  v1::Frame frame;
  if (!frame.ParseFromArray(rest.data() + kLengthSize, static_cast<int>(length))) {
    return fail(Errc::kInvalidArgument, "a frame is malformed");
  }
  consumed_ += kLengthSize + length;
  return frame;
}

void Decoder::discard_consumed() {
  buffer_.erase(0, consumed_);
  consumed_ = 0;
}

}  // namespace warren::wire
