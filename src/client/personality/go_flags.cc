// SPDX-License-Identifier: Apache-2.0

#include "client/personality/go_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/quote.h"

namespace warren::client {
namespace {

struct Word {
  std::string_view name;
  std::optional<std::string_view> value;  // Behind an equals sign.
};

// "-name", "--name=value"; nothing for a word that is no flag.
std::optional<Word> parse_word(std::string_view text) {
  if (!text.starts_with('-')) return std::nullopt;
  text.remove_prefix(text.starts_with("--") ? 2 : 1);
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (name.empty() || name.starts_with('-')) return std::nullopt;
  if (equals == std::string_view::npos) return Word{name, std::nullopt};
  return Word{name, text.substr(equals + 1)};
}

std::optional<bool> parse_truth(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue{"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse{"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

std::string text_of(const GoFlag& flag) {
  if (const auto* const text = std::get_if<std::string*>(&flag.value)) return **text;
  return *std::get<bool*>(flag.value) ? "true" : "";
}

Result<> set(bool& value, const Word& word) {
  const std::optional<bool> truth = parse_truth(word.value.value_or("true"));
  if (!truth) {
    return fail(Errc::kInvalidArgument, "-{}: {} is neither true nor false", word.name,
                quote(*word.value));
  }
  value = *truth;
  return {};
}

}  // namespace

GoFlags::GoFlags(const std::vector<GoFlag>& flags) {
  flags_.reserve(flags.size());
  for (const GoFlag& flag : flags) flags_.push_back({.flag = flag, .usual = text_of(flag)});
}

Result<const GoFlag*> GoFlags::find(std::string_view name) const {
  for (const Described& known : flags_) {
    if (known.flag.name == name) return &known.flag;
  }
  return fail(Errc::kInvalidArgument, "there is no flag -{}", name);
}

Result<> GoFlags::parse(const std::vector<std::string>& words) {
  for (auto next = words.begin(); next != words.end(); ++next) {
    if (*next == "--" && next + 1 == words.end()) return {};
    const std::optional<Word> word = parse_word(*next);
    if (!word) return fail(Errc::kInvalidArgument, "{} is no flag", quote(*next));
    wants_help_ = word->name == "h" || word->name == "help";
    if (wants_help_) return {};
    const GoFlag* const flag = WARREN_TRY(find(word->name));
    if (bool* const* const truth = std::get_if<bool*>(&flag->value)) {
      WARREN_TRY(set(**truth, *word));
      continue;
    }
    if (!word->value && ++next == words.end()) {
      return fail(Errc::kInvalidArgument, "-{}: a value is missing", word->name);
    }
    *std::get<std::string*>(flag->value) = word->value ? std::string(*word->value) : *next;
  }
  return {};
}

std::string GoFlags::usage(std::string_view program) const {
  std::string text = fmt::format("Usage of {}:\n", program);
  for (const auto& [flag, usual] : flags_) {
    text += fmt::format("  -{}{}{}\n    \t{}", flag.name, flag.value_name.empty() ? "" : " ",
                        flag.value_name, flag.meaning);
    text += usual.empty() ? "\n" : fmt::format(" (default \"{}\")\n", usual);
  }
  return text;
}

}  // namespace warren::client
