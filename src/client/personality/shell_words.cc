// SPDX-License-Identifier: Apache-2.0

#include "client/personality/shell_words.h"

#include <optional>
#include <utility>

#include "base/quote.h"

namespace warren::client {
namespace {

constexpr std::string_view kBlanks = " \t\n";
// What a backslash protects between double quotes; before other letters it stands for itself.
constexpr std::string_view kSpecialInQuotes = "$`\"\\";

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text), rest_(text) {}

  Result<std::vector<std::string>> split() {
    while (!rest_.empty()) {
      const char letter = take();
      if (kBlanks.find(letter) != std::string_view::npos) {
        end_word();
      } else {
        WARREN_TRY(add(letter));
      }
    }
    end_word();
    return std::move(words_);
  }

 private:
  char take() {
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }

  // A pair of quotes with nothing in it is a word as well.
  std::string& word() { return word_ ? *word_ : word_.emplace(); }

  void end_word() {
    if (word_) words_.push_back(*std::exchange(word_, std::nullopt));
  }

  Result<> add(char letter) {
    switch (letter) {
      case '\'':
        return add_literal();
      case '"':
        return add_quoted();
      case '\\':
        return add_protected();
      default:
        word().push_back(letter);
        return {};
    }
  }

  Result<> add_literal() {
    const std::size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return unfinished("a single quote is not closed");
    word().append(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return {};
  }

  Result<> add_quoted() {
    word();
    while (!rest_.empty()) {
      char letter = take();
      if (letter == '"') return {};
      const bool protects =
          letter == '\\' && !rest_.empty() &&
          (rest_.front() == '\n' || kSpecialInQuotes.find(rest_.front()) != std::string_view::npos);
      if (protects) letter = take();
      if (!protects || letter != '\n') word().push_back(letter);
    }
    return unfinished("a double quote is not closed");
  }

  // Before the end of a line it joins two lines.
  Result<> add_protected() {
    if (rest_.empty()) return unfinished("there is nothing behind the last backslash");
    const char letter = take();
    if (letter != '\n') word().push_back(letter);
    return {};
  }

  [[nodiscard]] Result<> unfinished(std::string_view why) const {
    return fail(Errc::kInvalidArgument, "{}: {}", quote(text_), why);
  }

  std::string_view text_;
  std::string_view rest_;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  return Splitter(text).split();
}

}  // namespace warren::client
