// SPDX-License-Identifier: Apache-2.0

#include "certs/layout.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::certs {
namespace {

using std::chrono::days;
using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Address address() {
  return {{NameKind::kDns, "machine"}, 50051};
}

Request server() {
  return {Purpose::kServer, "server", "", {{NameKind::kDns, "joblet"}}, days(9)};
}
Request client(const std::string& name) {
  return {Purpose::kClient, name, "admin", {}, days(9)};
}

class KeeperTest : public ::testing::TestWithParam<Layout> {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return (temp_.path() / "certs").native() + (name.empty() ? "" : "/" + name);
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ostringstream content;
    content << std::ifstream(path(name)).rdbuf();
    return content.str();
  }
  [[nodiscard]] Keeper create(Layout layout) const {
    auto keeper = Keeper::open_or_create(layout, path());
    if (!keeper) throw std::runtime_error(keeper.error().message);
    return *std::move(keeper);
  }

 private:
  test::TempDirectory temp_;
};

TEST_F(KeeperTest, WritesTheFilesOfWarren) {
  Keeper keeper = create(Layout::kWarren);
  ASSERT_TRUE(keeper.issue_server(server(), address()));
  ASSERT_TRUE(keeper.issue_client(client("alice"), address()));
  EXPECT_THAT(keeper.written(), ElementsAre(path("ca.key"), path("ca.crt"), path("server.key"),
                                            path("server.crt"), path("clients/alice/client.yaml")));
  EXPECT_THAT(text("clients/alice/client.yaml"), HasSubstr("address: \"machine:50051\"\n"));
}

TEST_F(KeeperTest, WritesTheFilesOfJobWorker) {
  Keeper keeper = create(Layout::kJobworker);
  ASSERT_TRUE(keeper.issue_server(server(), address()));
  ASSERT_TRUE(keeper.issue_client(client("alice"), address()));
  EXPECT_THAT(keeper.written(),
              ElementsAre(path("ca.key"), path("ca.crt"), path("server.key"), path("server.crt"),
                          path("alice/client.key"), path("alice/client.crt")));
}

TEST_F(KeeperTest, WritesTheFilesOfJoblet) {
  Keeper keeper = create(Layout::kJoblet);
  ASSERT_TRUE(keeper.issue_server(server(), address()));
  ASSERT_TRUE(keeper.issue_client(client("alice"), address()));
  EXPECT_THAT(keeper.written(), ElementsAre(path("ca.key"), path("ca.crt"),
                                            path("joblet-config.yml"), path("rnx-config.yml")));
}

TEST_F(KeeperTest, KeepsTheFileOfAnotherClient) {
  {
    Keeper keeper = create(Layout::kJoblet);
    ASSERT_TRUE(keeper.issue_client(client("alice"), address()));
    const std::string before = text("rnx-config.yml");
    EXPECT_THAT(keeper.issue_client(client("bob"), address()),
                HoldsError(Errc::kAlreadyExists, HasSubstr("is that of 'alice'")));
    EXPECT_EQ(text("rnx-config.yml"), before);
    ASSERT_TRUE(keeper.issue_client(client("alice"), address()));
    EXPECT_NE(text("rnx-config.yml"), before);
  }
  std::filesystem::remove(path("rnx-config.yml"));
  EXPECT_TRUE(create(Layout::kJoblet).issue_client(client("bob"), address()));
}

TEST_P(KeeperTest, RenewsWithTheSameAuthority) {
  ASSERT_TRUE(create(GetParam()).issue_server(server(), address()));
  const std::string certificate = text("ca.crt");
  const std::string key = text("ca.key");
  Keeper again = create(GetParam());
  ASSERT_TRUE(again.issue_server(server(), address()));
  EXPECT_EQ(text("ca.crt"), certificate);
  EXPECT_EQ(text("ca.key"), key);
  EXPECT_THAT(again.written(), ::testing::Not(::testing::Contains(path("ca.crt"))));
}

TEST_P(KeeperTest, NeverReplacesHalfAnAuthority) {
  std::ignore = create(GetParam());
  for (const std::string gone : {"ca.crt", "ca.key"}) {
    std::filesystem::rename(path(gone), path("kept"));
    for (const auto& opened : {Keeper::open_or_create(GetParam(), path()).error(),
                               Keeper::open(GetParam(), path()).error()}) {
      EXPECT_EQ(opened.code, Errc::kFailedPrecondition);
      EXPECT_THAT(opened.message, HasSubstr("no " + gone));
    }
    EXPECT_FALSE(std::filesystem::exists(path(gone)));
    std::filesystem::rename(path("kept"), path(gone));
  }
}

TEST_P(KeeperTest, NeedsAnAuthorityToIssue) {
  const auto refused = HoldsError(Errc::kFailedPrecondition, HasSubstr("there is no authority in"));
  EXPECT_THAT(Keeper::open(GetParam(), path()), refused);
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::filesystem::create_directory(path());
  EXPECT_THAT(Keeper::open(GetParam(), path()), refused);
}

INSTANTIATE_TEST_SUITE_P(Layouts, KeeperTest,
                         ::testing::Values(Layout::kWarren, Layout::kJoblet, Layout::kJobworker));

}  // namespace
}  // namespace warren::certs
