// SPDX-License-Identifier: Apache-2.0

#include "client/remote/nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kFile = R"(version: "3.0"
nodes:
  production:
    address: "10.0.0.1:50051"
    cert: |
      -----BEGIN CERTIFICATE-----
      c2VydmVy
      -----END CERTIFICATE-----
    key: |
      KEY
    ca: |
      CA
  default:
    address: "build-server"
    cert: "CERT"
    key: "KEY"
    ca: "CA"
---
# The same certificate, where `openssl x509 -in` finds it.
-----BEGIN CERTIFICATE-----
c2VydmVy
-----END CERTIFICATE-----
)";

constexpr std::string_view kNode = "\n    address: a:1\n    cert: C\n    key: K\n    ca: A\n";

std::string refusal_of(const std::string& text) {
  const auto file = parse_nodes(text, "f.yml");
  EXPECT_FALSE(file);
  if (file) return "";
  EXPECT_EQ(file.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(file.error().message, StartsWith("f.yml: "));
  EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
  return file.error().message;
}

TEST(ParseNodes, ReadsEachMachineInTheOrderOfTheFile) {
  const auto file = parse_nodes(kFile, "rnx-config.yml");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->nodes.size(), 2U);
  EXPECT_EQ(file->nodes[0].name, "production");
  const Target& target = file->nodes[0].target;
  EXPECT_EQ(target.address, "10.0.0.1:50051");
  EXPECT_EQ(target.certificate,
            "-----BEGIN CERTIFICATE-----\nc2VydmVy\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(target.key, "KEY\n");
  EXPECT_EQ(target.authority, "CA\n");
  EXPECT_FALSE(target.insecure);
  EXPECT_EQ(file->nodes[1].name, "default");
  EXPECT_EQ(file->nodes[1].target.address, "build-server:50051");
}

TEST(ParseNodes, MayFindNoMachines) {
  EXPECT_EQ(parse_nodes("nodes: {}", "f.yml")->nodes.size(), 0U);
}

TEST(ParseNodes, RefusesWhatIsNotAFileOfMachines) {
  EXPECT_THAT(refusal_of(""), HasSubstr("no section 'nodes'"));
  EXPECT_THAT(refusal_of("nodes: 7"), HasSubstr("no section 'nodes'"));
  EXPECT_THAT(refusal_of("- a\n- b"), HasSubstr("no section 'nodes'"));
  EXPECT_THAT(refusal_of("nodes: [a"), HasSubstr("line 1"));
  EXPECT_THAT(refusal_of("nodes:\n  a: b"), HasSubstr("nodes.a: line 2"));
  EXPECT_THAT(refusal_of("nodes:\n  [1]: b"), StartsWith("f.yml: "));
}

TEST(ParseNodes, NamesAKeyWithoutMeaning) {
  EXPECT_THAT(refusal_of("nodes: {}\nserver: x"), HasSubstr("line 2: there is no key 'server'"));
  EXPECT_THAT(refusal_of(fmt::format("nodes:\n  a:{}    port: 7\n", kNode)),
              HasSubstr("nodes.a: line 7: there is no key 'port'"));
}

TEST(ParseNodes, NamesWhatIsMissingOrWrong) {
  EXPECT_THAT(refusal_of("nodes:\n  a:\n    cert: C\n    key: K\n    ca: A\n"),
              HasSubstr("nodes.a: it has no address"));
  EXPECT_THAT(refusal_of("nodes:\n  a: {address: [x], cert: C, key: K, ca: A}"),
              HasSubstr("takes one value"));
  EXPECT_THAT(refusal_of("nodes:\n  a: {address: 'a b', cert: C, key: K, ca: A}"),
              HasSubstr("nodes.a: 'a b' is no address"));
  EXPECT_THAT(refusal_of(fmt::format("nodes:\n  a:{0}  a:{0}", kNode)),
              HasSubstr("nodes.a is there twice"));
}

TEST(NodesFile, SaysWhatAMachineLacksOnceItIsWanted) {
  const auto file = parse_nodes(
      fmt::format("nodes:\n  a: {{address: 'a:1', cert: C, key: K}}\n  b:{}", kNode), "f.yml");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->find("b"));
  EXPECT_THAT(file->find("a"),
              test::HoldsError(Errc::kInvalidArgument, "f.yml: nodes.a: it has no ca"));
}

TEST(NodesFile, FindsAMachineByItsName) {
  const auto file = parse_nodes(kFile, "f.yml");
  EXPECT_EQ(file->find("default")->address, "build-server:50051");
  EXPECT_THAT(file->find("other"),
              test::HoldsError(Errc::kNotFound,
                               "there is no node 'other' in f.yml, but production, default"));
  EXPECT_THAT(parse_nodes("nodes: {}", "f.yml")->find("other"),
              test::HoldsError(Errc::kNotFound, HasSubstr("but none")));
}

// The places of a client whose home is a directory of the test.
class FindNodes : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("WARREN_CONFIG");
    ::unsetenv("RNX_CONFIG");
    ::setenv("HOME", home().c_str(), 1);
  }

  [[nodiscard]] std::string home() const { return directory_.path(); }

  [[nodiscard]] std::string write(const std::string& name, std::string_view text = kFile) const {
    const std::filesystem::path path = home() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

 private:
  test::TempDirectory directory_;
};

TEST_F(FindNodes, LooksForEachFormInItsPlaces) {
  EXPECT_THAT(places_of_nodes(NodesForm::kWarren),
              ElementsAre(home() + "/.warren/client.yaml", "/etc/warren/client.yaml"));
  EXPECT_THAT(
      places_of_nodes(NodesForm::kJoblet),
      ElementsAre("rnx-config.yml", "config/rnx-config.yml", home() + "/.rnx/rnx-config.yml",
                  "/etc/joblet/rnx-config.yml", "/opt/joblet/config/rnx-config.yml"));
}

TEST_F(FindNodes, TakesTheFileThatIsThere) {
  const std::string path = write(".warren/client.yaml");
  const auto file = find_nodes(NodesForm::kWarren);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->path, path);
}

TEST_F(FindNodes, LooksNowhereElseWhereTheEnvironmentNamesAFile) {
  std::ignore = write(".warren/client.yaml");
  ::setenv("WARREN_CONFIG", "/no/such/file", 1);
  EXPECT_THAT(find_nodes(NodesForm::kWarren),
              test::HoldsError(Errc::kNotFound, "there is no file of machines: /no/such/file"));
  const std::string path = write("mine.yml");
  ::setenv("WARREN_CONFIG", path.c_str(), 1);
  EXPECT_EQ(find_nodes(NodesForm::kWarren)->path, path);
  ::setenv("RNX_CONFIG", path.c_str(), 1);
  EXPECT_EQ(find_nodes(NodesForm::kJoblet)->path, path);
}

TEST_F(FindNodes, LooksNowhereElseWhereAFileIsGiven) {
  ::setenv("WARREN_CONFIG", "/no/such/file", 1);
  const std::string path = write("mine.yml");
  EXPECT_EQ(find_nodes(NodesForm::kWarren, path)->path, path);
}

TEST_F(FindNodes, FindsNothingInAHomeThatIsNoDirectory) {
  EXPECT_THAT(find_nodes(NodesForm::kWarren, "/dev/null/.warren/client.yaml"),
              test::HoldsError(Errc::kNotFound, HasSubstr("no file of machines")));
}

TEST_F(FindNodes, StopsAtAFileThatCannotBeRead) {
  std::filesystem::create_directories(home() + "/.warren/client.yaml");
  EXPECT_THAT(find_nodes(NodesForm::kWarren),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("client.yaml: ")));
}

TEST_F(FindNodes, TellsAFileOfMachinesFromAnEngines) {
  EXPECT_EQ(is_nodes_file(write("client.yaml")), true);
  EXPECT_EQ(is_nodes_file(write("warren.yaml", "max_concurrent: 3\n")), false);
  EXPECT_EQ(is_nodes_file(write("empty.yaml", "")), false);
  EXPECT_THAT(is_nodes_file(home() + "/none"),
              test::HoldsError(Errc::kNotFound, HasSubstr("none")));
}

}  // namespace
}  // namespace warren::client
