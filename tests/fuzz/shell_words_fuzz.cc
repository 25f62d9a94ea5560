// SPDX-License-Identifier: Apache-2.0

#include "client/personality/shell_words.h"
#include "tests/fuzz/require.h"

namespace {

// As a shell takes it for one word, whatever is in it.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char letter : word)
    text += letter == '\'' ? std::string("'\\''") : std::string{letter};
  return text + "'";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto words = warren::client::split_words(text);
  if (!words) return 0;
  std::string again;
  for (const std::string& word : *words) again += quoted(word) + " ";
  warren::fuzz::require(warren::client::split_words(again) == *words);
  return 0;
}
