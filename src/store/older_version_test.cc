// SPDX-License-Identifier: Apache-2.0
//
// What released versions have left on disk, opened by this one.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "store/schema.h"
#include "store/sqlite.h"
#include "store/state_file.h"
#include "store/store_fixture.h"

namespace warren::store {
namespace {

std::string dump_of_version(int version) {
  std::ostringstream text;
  text << std::ifstream(fmt::format("{}/state_v{}.sql", WARREN_GOLDEN_DIR, version)).rdbuf();
  return text.str();
}

// Every table and index, in words.
std::string schema_of(Database& database) {
  Execution row = value_of(
      database.prepare("SELECT group_concat(sql, ';') FROM "
                       "(SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)"));
  return value_of(row.next()) ? std::string(row.text()) : "";
}

class OlderVersion : public ::testing::Test {
 protected:
  [[nodiscard]] Database create(const std::string& name) const {
    std::ofstream(directory_.path() / name).close();
    return value_of(Database::open(directory_.path() / name));
  }

  TempDirectory directory_;
};

TEST_F(OlderVersion, TheStepToEachVersionIsWhatItWasWhenItWasReleased) {
  for (int version = 1; version <= static_cast<int>(migrations().size()); ++version) {
    Database released = create(fmt::format("released{}.db", version));
    ASSERT_TRUE(released.run_script(dump_of_version(version)));
    const std::string name = fmt::format("made{}.db", version);
    Database made = create(name);
    const auto steps = migrations().first(static_cast<std::size_t>(version));
    ASSERT_TRUE(migrate(made, directory_.path() / name, steps));
    EXPECT_EQ(schema_of(made), schema_of(released)) << version;
  }
}

TEST_F(OlderVersion, Version1IsTakenOverWithAllItHolds) {
  ASSERT_TRUE(create("state.db").run_script(dump_of_version(1)));
  const auto store = open_store(directory_.path());
  ASSERT_TRUE(store);
  const Loaded loaded = value_of(store->load());
  ASSERT_EQ(loaded.live.size(), 2U);
  EXPECT_EQ(loaded.live[0].spec.name, "live");
  EXPECT_EQ(loaded.live[0].spec.process.argv, (std::vector<std::string>{"sleep", "1000"}));
  EXPECT_EQ(loaded.live[0].spec.sandbox.limits.timeout, std::chrono::hours(1));
  EXPECT_EQ(loaded.live[1].state, model::State::kReady);
  ASSERT_EQ(loaded.footprints.size(), 1U);
  EXPECT_EQ(loaded.footprints[0], (Footprint{loaded.live[1].id, "268500992"}));
  EXPECT_EQ(loaded.next_seq, 3U);
  EXPECT_EQ(loaded.next_event, 14U);
  const auto ended = value_of(store->newest_by_name("web"));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 3);
  EXPECT_EQ(ended->spec.labels.at("team"), "x");
  EXPECT_EQ(ended->spec.sandbox.limits.memory, Bytes{64U << 20U});
  EXPECT_EQ(value_of(store->events(0, 100)).size(), 13U);
  for (const model::Node& node : {loaded.live[0], *ended}) {
    EXPECT_EQ(node.owner, model::Principal::of_account(0, "root"));
    EXPECT_EQ(node.face, model::Face::kLocal);
  }
}

TEST_F(OlderVersion, Version2TellsTheJobOfACertificateFromThoseOfAccounts) {
  ASSERT_TRUE(create("state.db").run_script(dump_of_version(2)));
  const auto store = open_store(directory_.path());
  ASSERT_TRUE(store);
  const auto certified = value_of(store->newest_by_name("certified"));
  ASSERT_TRUE(certified.has_value());
  EXPECT_EQ(certified->owner, model::Principal::of_certificate("alice"));
  EXPECT_EQ(certified->face, model::Face::kJoblet);
  EXPECT_EQ(value_of(store->find_key("cert:alice", "k1"))->node, certified->id);
  EXPECT_EQ(value_of(store->find_key("alice", "k1")), std::nullopt);
  EXPECT_EQ(value_of(store->newest_by_name("live"))->owner.realm, model::Realm::kLocal);
}

}  // namespace
}  // namespace warren::store
