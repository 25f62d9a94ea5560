// SPDX-License-Identifier: Apache-2.0

#include "base/option_words.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/support/result_matchers.h"

namespace warren {
namespace {

using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ParseOptionWords : public ::testing::Test {
 protected:
  [[nodiscard]] auto parse(std::vector<std::string> words) {
    words_ = std::move(words);
    words_.insert(words_.begin(), "program");
    std::vector<char*> arguments;
    arguments.reserve(words_.size());
    for (std::string& word : words_) arguments.push_back(word.data());
    return parse_option_words(arguments);
  }

 private:
  std::vector<std::string> words_;
};

TEST_F(ParseOptionWords, TakesValuesInBothForms) {
  EXPECT_THAT(parse({"--a", "1", "--b=2", "--c=", "--d=x=y", "--e", "--f"}).value().value(),
              ElementsAre(OptionWord{"--a", "1"}, OptionWord{"--b", "2"}, OptionWord{"--c", ""},
                          OptionWord{"--d", "x=y"}, OptionWord{"--e", "--f"}));
  EXPECT_THAT(parse({}).value().value(), IsEmpty());
}

TEST_F(ParseOptionWords, EndsWhereHelpIsAskedFor) {
  EXPECT_EQ(parse({"--a=1", "--help", "--nonsense"}).value(), std::nullopt);
}

TEST_F(ParseOptionWords, RefusesAnOptionWithoutAValue) {
  EXPECT_THAT(parse({"--a=1", "--b"}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("--b: a value is missing")));
}

}  // namespace
}  // namespace warren
