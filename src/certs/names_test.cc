// SPDX-License-Identifier: Apache-2.0

#include "certs/names.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::certs {
namespace {

using test::HoldsError;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(ValidateUserName, TakesWhatAccountsAndMailboxesAreCalled) {
  for (const std::string& name :
       {std::string("a"), std::string("alice"), std::string("Alice.B-2_x@example.org"),
        std::string(64, 'x'), std::string("_apt")}) {
    EXPECT_TRUE(validate_user_name(name)) << name;
  }
}

TEST(ValidateUserName, RefusesWhatIsNoPlainName) {
  for (const std::string& name :
       {std::string(), std::string(65, 'x'), std::string("."), std::string(".."),
        std::string("../x"), std::string("a/b"), std::string("-a"), std::string(".ssh"),
        std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("a,OU=admin"),
        std::string("a\x7f"), std::string("\xc3\xa4")}) {
    EXPECT_THAT(validate_user_name(name),
                HoldsError(Errc::kInvalidArgument, HasSubstr("is no name for a user")));
  }
}

TEST(ParseServerName, TellsAddressesFromNames) {
  EXPECT_EQ(parse_server_name("192.168.1.100"), (ServerName{NameKind::kAddress, "192.168.1.100"}));
  EXPECT_EQ(parse_server_name("fd00::1"), (ServerName{NameKind::kAddress, "fd00::1"}));
  EXPECT_EQ(parse_server_name("joblet-1.example.org"),
            (ServerName{NameKind::kDns, "joblet-1.example.org"}));
}

TEST(ParseServerName, RefusesWhatWouldMeanSomethingElse) {
  for (const std::string& name :
       {std::string(), std::string("a,DNS:b"), std::string("*.example.org"), std::string("a..b"),
        std::string("a."), std::string("-a"), std::string("a-"), std::string("192.168.1.300"),
        std::string("host:50051"), std::string("127.0.0.1\0x", 11), std::string(64, 'a'),
        std::string("a\nb")}) {
    EXPECT_THAT(parse_server_name(name),
                HoldsError(Errc::kInvalidArgument, HasSubstr("neither an address nor")))
        << name;
  }
}

TEST(ParseAddress, HasAPortOrTheUsualOne) {
  for (const auto& [text, whole] :
       std::vector<std::pair<std::string, std::string>>{{"192.168.1.100", "192.168.1.100:50051"},
                                                        {"prod-server:8443", "prod-server:8443"},
                                                        {"fd00::1", "[fd00::1]:50051"},
                                                        {"[fd00::1]", "[fd00::1]:50051"},
                                                        {"[fd00::1]:8443", "[fd00::1]:8443"}}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_text(*address), whole);
  }
}

TEST(ParseAddress, RefusesHalfOfOne) {
  for (const std::string text : {"", ":50051", "host:", "host:0", "host:65536", "host:1x",
                                 "host:+1", "[::1", "a b:1", "[::1]x", "[::1]8443"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(ServerNames, HasTheUsualOnesAndTheGivenOnesOnce) {
  const auto names = server_names({"10.0.0.7", "localhost", "10.0.0.7"});
  ASSERT_TRUE(names);
  for (const ServerName& name :
       {ServerName{NameKind::kDns, "joblet"}, ServerName{NameKind::kDns, "localhost"},
        ServerName{NameKind::kAddress, "127.0.0.1"}, ServerName{NameKind::kAddress, "::1"},
        ServerName{NameKind::kAddress, "10.0.0.7"}}) {
    EXPECT_THAT(*names, Contains(name).Times(1));
  }
}

TEST(ServerNames, FailsForABadOne) {
  EXPECT_FALSE(server_names({"not a name"}));
}

TEST(ToText, NamesTheKindOfEach) {
  EXPECT_EQ(to_text({{NameKind::kDns, "joblet"}, {NameKind::kAddress, "::1"}}),
            "DNS:joblet,IP:::1");
}

}  // namespace
}  // namespace warren::certs
