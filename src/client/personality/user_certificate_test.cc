// SPDX-License-Identifier: Apache-2.0

#include "client/personality/user_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class UserCertificateTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = directory_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void add_user(const std::string& name) {
    write(name + "/client.crt", name + "'s certificate");
    write(name + "/client.key", name + "'s key");
  }
  Result<UserCertificate> read(Authority authority = Authority::kRequired) {
    return read_user_certificate(directory_.path(), authority);
  }

  test::TempDirectory directory_;
};

TEST_F(UserCertificateTest, IsThatOfTheOneDirectoryThatHasOne) {
  write("ca.crt", "the authority");
  write("ca.key", "");
  write("server.crt", "");
  write("empty/other", "");
  add_user("alice");
  const auto found = read();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->authority, "the authority");
  EXPECT_EQ(found->certificate, "alice's certificate");
  EXPECT_EQ(found->key, "alice's key");
}

TEST_F(UserCertificateTest, IsNotGuessedWhereThereAreSeveral) {
  write("ca.crt", "");
  add_user("bob");
  add_user("alice");
  EXPECT_THAT(read(), HoldsError(Errc::kFailedPrecondition, HasSubstr("alice and bob")));
}

TEST_F(UserCertificateTest, NamesTheWayToOneWhereThereIsNone) {
  EXPECT_THAT(read(), HoldsError(Errc::kNotFound, HasSubstr("make certs user")));
}

TEST_F(UserCertificateTest, NeedsAnAuthorityUnlessNobodyAsks) {
  add_user("alice");
  EXPECT_THAT(read(), HoldsError(Errc::kNotFound, HasSubstr("ca.crt")));
  EXPECT_EQ(read(Authority::kIfThere)->authority, "");
}

TEST_F(UserCertificateTest, NamesADirectoryThatIsNotThere) {
  EXPECT_THAT(read_user_certificate("/nowhere/certs", Authority::kRequired),
              HoldsError(Errc::kNotFound, HasSubstr("/nowhere/certs")));
}

}  // namespace
}  // namespace warren::client
