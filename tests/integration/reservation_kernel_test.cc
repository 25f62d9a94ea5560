// SPDX-License-Identifier: Apache-2.0
//
// What a provider sets aside for a sandbox comes back, whatever becomes of the sandbox.

#include <gtest/gtest.h>

#include <future>

#include "rootfs/id_ranges.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

// The pool keeps up to 32 ranges ready and 256 for reuse: more than this are in hand only if some
// were not given back.
constexpr std::uint32_t kMostInHand = 300;

std::uint32_t index_of(const std::string& footprint) {
  const auto range = rootfs::parse_id_range(footprint).value();
  return (range.base - rootfs::IdRange::kFirstBase) / rootfs::IdRange::kSize;
}

NodeId numbered(std::uint64_t number) {
  return NodeId::parse(fmt::format("0198c2f0-0000-7000-8000-{:012x}", number)).value();
}

TEST(Reservation, OfASandboxThatWasNeverMadeEndsWithIt) {
  SandboxRunner runner;
  for (std::uint64_t number = 0; number < 2ULL * kMostInHand; ++number) {
    const Running never{.sandbox = numbered(number), .process = {}};
    const auto footprint = runner.provider().reserve(never.sandbox, {}, {});
    ASSERT_TRUE(footprint) << footprint.error().message;
    ASSERT_LT(index_of(*footprint), kMostInHand) << number;
    runner.destroy(never);
  }
}

TEST(Reservation, IsFreeAgainAfterAStartThatFails) {
  SandboxRunner runner;
  model::JobSpec spec = shell("true");
  spec.process.user = model::UserSpec{.user = "no-such-user", .group = {}};
  for (std::uint32_t number = 0; number < 2 * kMostInHand; ++number) {
    const Running failed = runner.start(spec);
    ASSERT_FALSE(failed.started);
    ASSERT_LT(index_of(failed.footprint), kMostInHand) << number;
  }
}

}  // namespace
}  // namespace warren::test
