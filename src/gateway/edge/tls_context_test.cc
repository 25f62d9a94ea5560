// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/tls_context.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gateway/edge/tls_client_fixture.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;
using test::HoldsError;
using ::testing::HasSubstr;

class StagedTlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { parties_ = std::make_unique<TlsParties>(); }
  static void TearDownTestSuite() { parties_.reset(); }

  void write(const char* name, const std::string& text) const {
    std::ofstream(directory_.path() / name) << text;
  }
  void write(const certs::ServerFiles& files) const {
    write("ca.crt", files.authority);
    write("server.crt", files.certificate);
    write("server.key", files.key);
  }
  // Whatever is current once it has been looked for again.
  TlsContext next(StagedTls& staged) {
    now_ += 1s;
    return staged.current(now_);
  }

  static std::unique_ptr<TlsParties> parties_;
  test::TempDirectory directory_;
  StagedTls::Time now_{1000s};
};
std::unique_ptr<TlsParties> StagedTlsTest::parties_;

TEST_F(StagedTlsTest, NeedsCertificates) {
  EXPECT_THAT(StagedTls::open(directory_.path(), now_),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("cannot be read")));
}

TEST_F(StagedTlsTest, TakesNewOnesAndKeepsTheOldOnesForBadOnes) {
  write(parties_->files());
  auto staged = StagedTls::open(directory_.path(), now_);
  ASSERT_TRUE(staged);
  const TlsContext first = staged->current(now_);
  EXPECT_EQ(next(*staged), first);
  certs::ServerFiles half = parties_->files();
  half.key.resize(half.key.size() / 2);
  write(half);
  EXPECT_EQ(staged->current(now_), first);
  EXPECT_EQ(next(*staged), first);
  std::filesystem::remove(directory_.path() / "ca.crt");
  EXPECT_EQ(next(*staged), first);
  write(parties_->files());
  const TlsContext renewed = next(*staged);
  EXPECT_NE(renewed, first);
  EXPECT_NE(renewed, nullptr);
}

TEST_F(StagedTlsTest, WantsAKeyThatIsTheCertificates) {
  certs::ServerFiles files = parties_->files();
  files.key = parties_->admin.key;
  EXPECT_FALSE(make_tls_context(files));
  files = parties_->files();
  files.authority = "no certificate";
  EXPECT_THAT(make_tls_context(files), HoldsError(Errc::kInternal, HasSubstr("ca.crt")));
  EXPECT_TRUE(make_tls_context(parties_->files()));
}

}  // namespace
}  // namespace warren::gateway
