// SPDX-License-Identifier: Apache-2.0

#include "certs/expiry.h"

#include <gmock/gmock.h>

#include "certs/authority.h"
#include "certs/directory.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::certs {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using ::testing::IsEmpty;

constexpr sys_seconds kEnd = sys_days(2027y / 3 / 31) + 12h;

sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

TEST(Judge, SaysNothingUntilAMonthBefore) {
  const Finding finding = judge("f", kEnd, kEnd - days(30) - 1s);
  EXPECT_EQ(finding.verdict, Verdict::kOk);
  EXPECT_EQ(finding.detail, "ends on 2027-03-31");
}

TEST(Judge, WarnsFromAMonthBeforeToTheLastSecond) {
  const Finding finding = judge("f", kEnd, kEnd - days(30));
  EXPECT_EQ(finding.verdict, Verdict::kLimited);
  EXPECT_EQ(finding.detail, "ends on 2027-03-31 (days left: 30): renew it");
  EXPECT_EQ(judge("f", kEnd, kEnd - 1s).verdict, Verdict::kLimited);
}

TEST(Judge, KnowsTheEnd) {
  const Finding finding = judge("f", kEnd, kEnd);
  EXPECT_EQ(finding.verdict, Verdict::kMissing);
  EXPECT_EQ(finding.detail, "ended on 2027-03-31: renew it");
}

TEST(FirstEnd, IsThatOfTheCertificateThatEndsFirst) {
  const auto authority = Authority::create();
  ASSERT_TRUE(authority);
  const auto issued = authority->issue({Purpose::kClient, "alice", "", {}, days(10)});
  ASSERT_TRUE(issued);
  const auto end =
      first_end("ca: |\n  x\n" + authority->pem().certificate + issued->key + issued->certificate);
  ASSERT_TRUE(end);
  EXPECT_LE(*end, now() + days(10));
  EXPECT_GT(*end, now() + days(9));
}

TEST(FirstEnd, IsNowhereWithoutACertificate) {
  EXPECT_FALSE(first_end(""));
  EXPECT_FALSE(first_end("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
}

TEST(CheckDirectory, FindsTheCertificatesOfEveryLayout) {
  const test::TempDirectory temp;
  const auto directory = Directory::open_or_create(temp.path() / "certs");
  ASSERT_TRUE(directory);
  const auto authority = Authority::create();
  ASSERT_TRUE(authority);
  const std::string& pem = authority->pem().certificate;
  ASSERT_TRUE(directory->write("ca.crt", pem));
  ASSERT_TRUE(directory->write("joblet-config.yml", "security:\n  caCert: |\n    broken\n"));
  ASSERT_TRUE(directory->write("notes.txt", "no certificate"));
  ASSERT_TRUE(directory->below("alice")->write("client.crt", pem));
  ASSERT_TRUE(directory->below("clients")->below("bob")->write("client.yaml", pem));
  std::vector<std::string> seen;
  for (const Finding& finding : check_directory(directory->path(), now())) {
    seen.push_back(std::string(to_text(finding.verdict)) + ' ' +
                   finding.path.substr(directory->path().size()));
  }
  EXPECT_THAT(seen,
              ::testing::ElementsAre("ok /alice/client.crt", "ok /ca.crt",
                                     "ok /clients/bob/client.yaml", "limited /joblet-config.yml"));
}

TEST(CheckDirectory, HasNothingToSayOfNoDirectory) {
  EXPECT_THAT(check_directory("/nonexistent/certs", now()), IsEmpty());
}

}  // namespace
}  // namespace warren::certs
