// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_uuid.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <set>

#include "base/node_id.h"

namespace warren::face::joblet {
namespace {

struct Pair {
  const char* id;
  const char* uuid;
};

constexpr Pair kGolden[] = {
    {"0198f1e2-aabb-7ccc-8ddd-010203040506", "01020304-0506-4ccc-8ddd-0198f1e2aabb"},
    {"0198f1e2-aabb-7000-bfff-ffffffffffff", "ffffffff-ffff-4000-bfff-0198f1e2aabb"},
    {"00000000-0000-7000-8000-000000000001", "00000000-0001-4000-8000-000000000000"},
};

TEST(JobletUuid, BeginsWithWhatIsRandomInAnId) {
  for (const auto& [id, uuid] : kGolden) EXPECT_EQ(uuid_of(id), uuid) << id;
}

TEST(JobletUuid, LeadsBackToItsId) {
  for (const auto& [id, uuid] : kGolden) EXPECT_EQ(id_of(uuid), id) << uuid;
}

TEST(JobletUuid, LeadsBackWhateverTheIdIsMadeOf) {
  std::mt19937 numbers(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time.
  std::set<std::string> starts;
  constexpr std::size_t kMany = 1000;
  for (std::size_t i = 0; i < kMany; ++i) {
    std::array<std::uint8_t, 10> random{};
    for (std::uint8_t& byte : random) byte = static_cast<std::uint8_t>(numbers());
    const Timestamp same_moment{std::chrono::seconds(1'752'214'734)};
    const std::string id = NodeId::make(same_moment, random).to_text();
    EXPECT_EQ(id_of(uuid_of(id)), id);
    starts.insert(uuid_of(id).substr(0, 8));
  }
  EXPECT_EQ(starts.size(), kMany);
}

TEST(JobletUuid, IsNoIdOfOurs) {
  for (const char* text :
       {"0198f1e2-aabb-7ccc-8ddd-010203040506", "01020304-0506-1ccc-8ddd-0198f1e2aabb", "01020304",
        "", "01020304-0506-4CCC-8ddd-0198f1e2aabb", "01020304-0506-4ccc-8ddd-0198f1e2aabb0"}) {
    EXPECT_EQ(id_of(text), std::nullopt) << text;
  }
}

TEST(JobletUuid, HasAStartOfEightCharactersOrMore) {
  for (const char* text : {"0198f1e2", "0198f1e2-", "0198f1e2-0000-7", "abcdef00-12",
                           "01020304-0506-4ccc-8ddd-0198f1e2aabb"}) {
    EXPECT_TRUE(is_uuid_start(text)) << text;
  }
  for (const char* text : {"", "1", "0198f1e", "0198F1E2", "0198f1e2a", "01-98f1e2", "deadbeeg",
                           "01020304-0506-4ccc-8ddd-0198f1e2aabb0"}) {
    EXPECT_FALSE(is_uuid_start(text)) << text;
  }
}

}  // namespace
}  // namespace warren::face::joblet
