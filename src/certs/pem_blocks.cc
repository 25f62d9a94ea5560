// SPDX-License-Identifier: Apache-2.0

#include "certs/pem_blocks.h"

#include <algorithm>
#include <optional>

namespace warren::certs {
namespace {

constexpr std::size_t kStep = 2;

std::size_t indentation_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// Takes the first line, with its end, from the front of `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(length);
  return line;
}

// What follows "key:" on a line that sets this key.
std::optional<std::string_view> value_on(std::string_view line, std::string_view key) {
  line.remove_prefix(indentation_of(line));
  if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) return std::nullopt;
  return line.substr(key.size() + 1);
}

bool is_block_opening(std::string_view value) {
  const std::size_t first = value.find_first_not_of(' ');
  return first != std::string_view::npos && value[first] == '|';
}

bool belongs_to_block(std::string_view line, std::size_t indentation) {
  return indentation_of(line) > indentation && line[indentation_of(line)] != '\n';
}

Result<std::string> replace_block(std::string_view yaml, const PemBlock& block) {
  std::string replaced;
  int found = 0;
  while (!yaml.empty()) {
    const std::string_view line = take_line(yaml);
    const std::optional<std::string_view> value = value_on(line, block.key);
    if (!value) {
      replaced += line;
      continue;
    }
    ++found;
    if (!is_block_opening(*value)) {
      return fail(Errc::kFailedPrecondition, "'{}' is not followed by a block ('|')", block.key);
    }
    replaced += format_block(block, indentation_of(line));
    while (!yaml.empty()) {
      std::string_view rest = yaml;
      if (!belongs_to_block(take_line(rest), indentation_of(line))) break;
      yaml = rest;
    }
  }
  if (found == 1) return replaced;
  return fail(Errc::kFailedPrecondition, "'{}' is there {}", block.key,
              found == 0 ? "nowhere" : "more than once");
}

}  // namespace

std::string format_block(const PemBlock& block, std::size_t indentation) {
  std::string text(indentation, ' ');
  text.append(block.key).append(": |\n");
  for (std::string_view pem = block.pem; !pem.empty();) {
    text.append(indentation + kStep, ' ').append(take_line(pem));
  }
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

Result<std::string> replace_blocks(std::string_view yaml, std::span<const PemBlock> blocks) {
  std::string text(yaml);
  for (const PemBlock& block : blocks) text = WARREN_TRY(replace_block(text, block));
  return text;
}

}  // namespace warren::certs
