// SPDX-License-Identifier: Apache-2.0

#include "certs/pem_blocks.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/support/result_matchers.h"

namespace warren::certs {
namespace {

using test::HoldsError;

Result<std::string> replace(std::string_view yaml, const std::vector<PemBlock>& blocks) {
  return replace_blocks(yaml, blocks);
}

TEST(FormatBlock, IndentsEveryLine) {
  EXPECT_EQ(format_block({"cert", "A\nB\n"}, 4), "    cert: |\n      A\n      B\n");
  EXPECT_EQ(format_block({"cert", "A"}, 0), "cert: |\n  A\n");
}

TEST(ReplaceBlocks, LeavesEverythingElseAsItIs) {
  const auto replaced = replace(
      "# mine\nserver: {port: 1}\n\nsecurity:\n    # here\n    serverCert: |  # old\n"
      "        old\n        older\n    serverKey: |-\n     old\n\ncgroup:\n  x: y",
      {{"serverCert", "C\nD\n"}, {"serverKey", "K\n"}});
  EXPECT_EQ(replaced,
            "# mine\nserver: {port: 1}\n\nsecurity:\n    # here\n    serverCert: |\n"
            "      C\n      D\n    serverKey: |\n      K\n\ncgroup:\n  x: y");
}

TEST(ReplaceBlocks, FindsTheWholeKeyAlone) {
  EXPECT_EQ(
      replace("# cert: |\nserverCert: |\n  A\ncert: |\n  B\ncertificate: x\n", {{"cert", "N\n"}}),
      "# cert: |\nserverCert: |\n  A\ncert: |\n  N\ncertificate: x\n");
}

TEST(ReplaceBlocks, ReplacesTheLastBlockOfAFileThatEndsInALine) {
  EXPECT_EQ(replace("a:\n  ca: |\n    old", {{"ca", "N\n"}}), "a:\n  ca: |\n    N\n");
  EXPECT_EQ(replace("ca: |", {{"ca", "N\n"}}), "ca: |\n  N\n");
}

TEST(ReplaceBlocks, RefusesWhatItCannotTell) {
  EXPECT_THAT(replace("a: b\n", {{"cert", "N"}}),
              HoldsError(Errc::kFailedPrecondition, "'cert' is there nowhere"));
  EXPECT_THAT(replace("a:\n  cert: |\n    A\nb:\n  cert: |\n    B\n", {{"cert", "N"}}),
              HoldsError(Errc::kFailedPrecondition, "'cert' is there more than once"));
  EXPECT_THAT(replace("cert: \"A\"\n", {{"cert", "N"}}),
              HoldsError(Errc::kFailedPrecondition, "'cert' is not followed by a block ('|')"));
  EXPECT_FALSE(replace("cert:\n", {{"cert", "N"}}));
}

}  // namespace
}  // namespace warren::certs
