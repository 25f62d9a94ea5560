// SPDX-License-Identifier: Apache-2.0

#include "client/table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using Json = nlohmann::ordered_json;

TEST(Table, AlignsColumnsInTheOrderAskedFor) {
  const Json rows = {{{"seq", 1}, {"state", "RUNNING"}, {"command", {"sleep", "1"}}},
                     {{"seq", 12}, {"state", ""}, {"command", Json::array()}}};
  EXPECT_EQ(*format_table(rows, {"state", "seq", "command"}),
            "STATE    SEQ  COMMAND\n"
            "RUNNING  1    sleep 1\n"
            "-        12   -\n");
}

TEST(Table, KeepsControlCharactersFromTheTerminal) {
  const Json rows = {{{"name", "a\x1b[2Jb\nc\xc2\x9b"}}};
  EXPECT_EQ(*format_table(rows, {"name"}), "NAME\na?[2Jb?c?\n");
}

TEST(Table, CountsCharactersNotBytes) {
  const Json rows = {{{"a", "\xc3\xa4"}, {"b", 1}}, {{"a", "xx"}, {"b", 2}}};
  EXPECT_EQ(*format_table(rows, {"a", "b"}), "A   B\n\xc3\xa4   1\nxx  2\n");
}

TEST(Table, RefusesAFieldThatDoesNotExist) {
  EXPECT_THAT(format_table({{{"a", 1}}}, {"b"}),
              test::HoldsError(Errc::kInvalidArgument, "there is no field 'b'"));
}

TEST(SelectFields, KeepsTheOrderAskedFor) {
  EXPECT_EQ(select_fields({{"a", 1}, {"b", 2}, {"c", 3}}, {"c", "a"})->dump(), R"({"c":3,"a":1})");
}

TEST(FormatObject, IndentsWhatIsInside) {
  EXPECT_EQ(format_object({{"id", "x"}, {"usage", {{"pids", 3}}}, {"labels", Json::object()}}),
            "id: x\nusage:\n  pids: 3\nlabels: -\n");
}

}  // namespace
}  // namespace warren::client
