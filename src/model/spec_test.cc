// SPDX-License-Identifier: Apache-2.0

#include "model/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace warren::model {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;
using testing::StartsWith;

JobSpec sound_spec() {
  JobSpec spec;
  spec.process.argv = {"echo", "hello"};
  return spec;
}

// The message of the error that `change` to a sound spec leads to; "" when it stays sound.
template <typename Change>
std::string error_after(Change change) {
  JobSpec spec = sound_spec();
  change(spec);
  const auto result = validate(spec);
  if (result) return "";
  EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(result.error().message.contains('\n'));
  return result.error().message;
}

TEST(ValidateName, AcceptsDnsLabelsWithALetter) {
  for (const std::string_view name : {"a", "web", "web-1", "1st", "0a0", "a--b"}) {
    EXPECT_TRUE(validate_name(name)) << name;
  }
  EXPECT_TRUE(validate_name(std::string(63, 'a')));
}

TEST(ValidateName, RejectsEverythingElse) {
  for (const std::string_view name : {"", "1", "123", "-a", "a-", "A", "a_b", "a.b", "a/b", "a b",
                                      "../a", "a\n", "\xc3\xa9", "-", "1-2"}) {
    EXPECT_FALSE(validate_name(name)) << name;
  }
  EXPECT_FALSE(validate_name(std::string(64, 'a')));
  EXPECT_FALSE(validate_name("a\0b"s));
}

TEST(ParseAssignment, SplitsAtTheFirstEqualsSign) {
  EXPECT_EQ(parse_assignment("A=b"), std::pair("A"s, "b"s));
  EXPECT_EQ(parse_assignment("A="), std::pair("A"s, ""s));
  EXPECT_EQ(parse_assignment("A=b=c"), std::pair("A"s, "b=c"s));
}

TEST(ParseAssignment, RejectsWhatIsNone) {
  for (const std::string& text : {""s, "A"s, "="s, "=b"s, "A\0=b"s, "A=\0"s}) {
    EXPECT_FALSE(parse_assignment(text)) << text;
  }
}

TEST(ParseUser, ReadsNamesAndNumbers) {
  EXPECT_EQ(parse_user("0"), (UserSpec{"0", ""}));
  EXPECT_EQ(parse_user("65535"), (UserSpec{"65535", ""}));
  EXPECT_EQ(parse_user("1000:100"), (UserSpec{"1000", "100"}));
  EXPECT_EQ(parse_user("daemon"), (UserSpec{"daemon", ""}));
  EXPECT_EQ(parse_user("www-data:_apt"), (UserSpec{"www-data", "_apt"}));
  EXPECT_EQ(parse_user("daemon:1"), (UserSpec{"daemon", "1"}));
}

TEST(ParseUser, NeverTurnsAnOddTextIntoAUser) {
  for (const std::string& text : {""s,
                                  ":"s,
                                  ":0"s,
                                  "0:"s,
                                  "0:0:0"s,
                                  "-1"s,
                                  "+1"s,
                                  " 0"s,
                                  "0 "s,
                                  "00"s,
                                  "01"s,
                                  "0x0"s,
                                  "1e3"s,
                                  "65536"s,
                                  "4294967296"s,
                                  "18446744073709551616"s,
                                  "1000000000000000000000000"s,
                                  "0\0"s,
                                  "root\0"s,
                                  "root:-1"s,
                                  "root:65536"s,
                                  "a b"s,
                                  "1a"s,
                                  "-root"s,
                                  ".a"s,
                                  "a/b"s,
                                  "root\n"s,
                                  "\xd9\xa1"s,
                                  std::string(33, 'a')}) {
    const auto user = parse_user(text);
    ASSERT_FALSE(user) << text;
    EXPECT_EQ(user.error().code, Errc::kInvalidArgument);
  }
}

TEST(ValidateSpec, AcceptsASoundSpec) {
  const std::string error = error_after([](JobSpec& spec) {
    spec.name = "web-1";
    spec.labels = {{"example.com/team_a", "blue, or green"}, {"empty", ""}};
    spec.priority = -100;
    spec.sandbox.image = "registry.example:5000/tools/gcc:12.2@sha256:0123";
    spec.process.env = {{"PATH", "/bin"}, {"EMPTY", ""}};
    spec.process.workdir = "/work/..data/a";
    spec.process.user = UserSpec{"1000", "users"};
  });
  EXPECT_EQ(error, "");
}

TEST(ValidateSpec, WantsACommand) {
  constexpr std::string_view kNone = "command: none is given";
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.process.argv.clear(); }), kNone);
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.process.argv = {""}; }), kNone);
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.process.argv = {"echo", ""}; }), "");
}

TEST(ValidateSpec, FindsNulBytesEverywhere) {
  const auto nul = "a\0b"s;
  EXPECT_EQ(error_after([&](JobSpec& spec) { spec.process.argv[1] = nul; }),
            R"(command: 'a\x00b' contains a NUL byte)");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.process.env[nul] = "x"; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.process.env["x"] = nul; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.process.workdir = "/" + nul; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.process.user = UserSpec{nul, ""}; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.process.user = UserSpec{"a", nul}; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.sandbox.image = nul; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.name = nul; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.labels[nul] = "x"; }), "");
  EXPECT_NE(error_after([&](JobSpec& spec) { spec.labels["x"] = nul; }), "");
}

TEST(ValidateSpec, KeepsWithinWhatExecveTakes) {
  const std::string longest(128 * 1024 - 1, 'x');
  EXPECT_EQ(error_after([&](JobSpec& spec) { spec.process.argv[1] = longest; }), "");
  EXPECT_EQ(error_after([&](JobSpec& spec) { spec.process.argv[1] = longest + "x"; }),
            "command: a string of 131072 bytes is longer than 131071");
  EXPECT_THAT(error_after([&](JobSpec& spec) { spec.process.env["A"] = longest; }),
              StartsWith("env: 'A' with its value is longer"));
  EXPECT_EQ(error_after([&](JobSpec& spec) { spec.process.env["A"] = longest.substr(2); }), "");
}

TEST(ValidateSpec, CountsArgumentsAndEnvironmentTogether) {
  const std::string piece(64 * 1024 - 1, 'x');  // 64 KiB with its NUL.
  const auto fill = [&](JobSpec& spec, std::size_t last) {
    spec.process.argv = std::vector<std::string>(15, piece);
    spec.process.env["A"] = std::string(last, 'x');
  };
  // "A=" and a NUL are three bytes more.
  EXPECT_EQ(error_after([&](JobSpec& spec) { fill(spec, 64 * 1024 - 4); }), "");
  EXPECT_THAT(error_after([&](JobSpec& spec) { fill(spec, 64 * 1024 - 3); }),
              StartsWith("command: 1048576 bytes of arguments and environment"));
}

TEST(ValidateSpec, CountsStringsHoweverShortTheyAre) {
  const auto fill = [](JobSpec& spec, std::size_t words) {
    spec.process.argv = std::vector<std::string>(words);
    spec.process.argv.front() = "true";
    spec.process.env["A"] = "";
  };
  EXPECT_EQ(error_after([&](JobSpec& spec) { fill(spec, 65'535); }), "");
  EXPECT_EQ(error_after([&](JobSpec& spec) { fill(spec, 65'536); }),
            "command: 65537 arguments and variables, where 65536 are the most");
}

TEST(ValidateSpec, RejectsVariablesWithoutAName) {
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.process.env[""] = "x"; }),
            "env: '' is not the name of a variable");
  EXPECT_NE(error_after([](JobSpec& spec) { spec.process.env["A=B"] = "x"; }), "");
}

TEST(ValidateSpec, WantsAnAbsoluteNormalWorkdir) {
  for (const std::string path :
       {"", "work", "./work", "//", "/work/", "/a//b", "/a/./b", "/a/..", "/..", "/."}) {
    EXPECT_THAT(error_after([&](JobSpec& spec) { spec.process.workdir = path; }),
                StartsWith("workdir: "))
        << path;
  }
  EXPECT_NE(
      error_after([](JobSpec& spec) { spec.process.workdir = "/"s + std::string(4095, 'a'); }), "");
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.process.workdir = "/"; }), "");
}

TEST(ValidateSpec, ChecksImageNames) {
  for (const std::string image : {"host", "ubuntu:latest", "a/b/c:1", "localhost:5000/x"}) {
    EXPECT_EQ(error_after([&](JobSpec& spec) { spec.sandbox.image = image; }), "") << image;
  }
  for (const std::string image :
       {"", "/", "a/", "/a", "a//b", "../a", "a/../b", ".a", "-a", "a b", "a\n", "a\\b", "a;b"}) {
    EXPECT_THAT(error_after([&](JobSpec& spec) { spec.sandbox.image = image; }),
                StartsWith("image: "))
        << image;
  }
  EXPECT_NE(error_after([](JobSpec& spec) { spec.sandbox.image = std::string(256, 'a'); }), "");
}

TEST(ValidateSpec, ChecksLabels) {
  for (const std::string& key : {""s, "a b"s, "a="s, "\xc3\xa9"s, std::string(64, 'a')}) {
    EXPECT_THAT(error_after([&](JobSpec& spec) { spec.labels[key] = "x"; }),
                StartsWith("label: the key "))
        << key;
  }
  for (const std::string& value : {"\n"s, "\x1b[2J"s, "\x7f"s, std::string(257, 'a')}) {
    EXPECT_THAT(error_after([&](JobSpec& spec) { spec.labels["k"] = value; }),
                HasSubstr("of 'k' is not at most 256 printable characters"));
  }
  EXPECT_EQ(
      error_after([](JobSpec& spec) { spec.labels[std::string(63, 'a')] = std::string(256, ' '); }),
      "");
  const auto fill = [](JobSpec& spec, int labels) {
    for (int i = 0; i < labels; ++i) spec.labels["k" + std::to_string(i)] = "v";
  };
  EXPECT_EQ(error_after([&](JobSpec& spec) { fill(spec, 256); }), "");
  EXPECT_EQ(error_after([&](JobSpec& spec) { fill(spec, 257); }), "label: 257 are more than 256");
}

TEST(ValidateSpec, ChecksPriorityNameUserAndParent) {
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.priority = 100; }), "");
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.priority = 101; }),
            "priority: 101 is not between -100 and 100");
  EXPECT_NE(error_after([](JobSpec& spec) { spec.priority = -101; }), "");
  EXPECT_THAT(error_after([](JobSpec& spec) { spec.name = "a/b"; }), StartsWith("name: 'a/b'"));
  EXPECT_THAT(error_after([](JobSpec& spec) {
                spec.process.user = UserSpec{"", ""};
              }),
              StartsWith("user: ''"));
  EXPECT_THAT(error_after([](JobSpec& spec) {
                spec.process.user = UserSpec{"0", "-1"};
              }),
              StartsWith("user: the group '-1'"));
  EXPECT_NE(error_after([](JobSpec& spec) { spec.parent = NodeId(); }), "");
}

TEST(ValidateSpec, ChecksLimits) {
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.sandbox.limits.memory = Bytes{12}; }),
            "max-memory: 12 bytes is less than the smallest limit, 1M");
}

TEST(ValidateSpec, GivesTheHostsNetworkOnlyToTheHostProfile) {
  EXPECT_EQ(error_after([](JobSpec& spec) { spec.sandbox.network = Network::kHost; }),
            "network: the host's network needs the host profile");
  EXPECT_EQ(error_after([](JobSpec& spec) {
              spec.sandbox.network = Network::kHost;
              spec.sandbox.profile = Profile::kHost;
            }),
            "");
}

}  // namespace
}  // namespace warren::model
