// SPDX-License-Identifier: Apache-2.0

#include "certs/stage.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "certs/authority.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::certs {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

ServerFiles issue_with(const Authority& authority) {
  const Request request{
      Purpose::kServer, "server", "", {{NameKind::kDns, "joblet"}}, std::chrono::days(10)};
  const Identity identity = must(authority.issue(request));
  return {authority.pem().certificate, identity.certificate, identity.key};
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

class Stage : public ::testing::Test {
 protected:
  [[nodiscard]] Result<> stage_files(const ServerFiles& files) const {
    return stage(files, gateway_.string(), std::nullopt);
  }
  [[nodiscard]] std::string current(const char* name) const {
    return read(gateway_ / "tls/current" / name);
  }

  test::TempDirectory directory_;
  std::filesystem::path gateway_ = directory_.path() / "run-gateway";
  Authority authority_ = must(Authority::create());
};

TEST_F(Stage, MakesTheFilesReadableForTheGatewayAlone) {
  const ServerFiles files = issue_with(authority_);
  ASSERT_TRUE(stage_files(files));
  EXPECT_EQ(current("ca.crt"), files.authority);
  EXPECT_EQ(current("server.crt"), files.certificate);
  EXPECT_EQ(current("server.key"), files.key);
  EXPECT_EQ(mode_of(gateway_ / "tls"), 0750U);
  EXPECT_EQ(mode_of(gateway_ / "tls/current"), 0750U);
  EXPECT_EQ(mode_of(gateway_ / "tls/current/server.key"), 0400U);
}

TEST_F(Stage, ReplacesWhatWasThere) {
  ASSERT_TRUE(stage_files(issue_with(authority_)));
  const ServerFiles renewed = issue_with(authority_);
  ASSERT_TRUE(stage_files(renewed));
  EXPECT_EQ(current("server.crt"), renewed.certificate);
  EXPECT_EQ(std::filesystem::read_symlink(gateway_ / "tls/current"), "2");
  EXPECT_FALSE(std::filesystem::exists(gateway_ / "tls/1"));
}

TEST_F(Stage, KeepsWhatWasThereWhenTheNewFilesDoNotBelongTogether) {
  const ServerFiles good = issue_with(authority_);
  ASSERT_TRUE(stage_files(good));
  ServerFiles mixed = issue_with(authority_);
  mixed.key = good.key;
  EXPECT_THAT(stage_files(mixed),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("server.key is not the key")));
  EXPECT_EQ(current("server.key"), good.key);
}

TEST_F(Stage, StagesNothingOfHalfAFile) {
  ServerFiles files = issue_with(authority_);
  files.certificate.resize(files.certificate.size() / 2);
  EXPECT_THAT(stage_files(files), HoldsError(Errc::kFailedPrecondition, HasSubstr("server.crt")));
  EXPECT_FALSE(std::filesystem::exists(gateway_));
}

TEST(CheckServerFiles, RefusesTheCertificateOfAnotherAuthority) {
  const Authority one = must(Authority::create());
  ServerFiles files = issue_with(one);
  EXPECT_TRUE(check_server_files(files));
  files.authority = must(Authority::create()).pem().certificate;
  EXPECT_THAT(check_server_files(files),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("was not issued by ca.crt")));
  // Of several, one is enough: that is how an authority is replaced.
  files.authority += one.pem().certificate;
  EXPECT_TRUE(check_server_files(files));
}

TEST(ReadServerFiles, NamesWhatIsMissing) {
  const test::TempDirectory directory;
  EXPECT_THAT(read_server_files(directory.path()),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("there is no '")));
  EXPECT_THAT(read_server_files(directory.path() / "none"),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("/none': 'warren certs init --dir " +
                                                              directory.path().native())));
}

TEST(ReadServerFiles, RefusesADirectoryThatEverybodyWritesTo) {
  const test::TempDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  EXPECT_THAT(read_server_files(directory.path()),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("writable by everybody")));
}

}  // namespace
}  // namespace warren::certs
