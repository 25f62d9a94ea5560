// SPDX-License-Identifier: Apache-2.0
//
// What tests do to the database of an engine that has it open.

#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/places.h"
#include "store/sqlite.h"

namespace warren::engine {

// Runs `sql` on a connection of its own.
inline void change_database(const Places& places, const std::string& sql) {
  auto database = store::Database::open(places.state_dir / "state.db");
  ASSERT_TRUE(database.has_value()) << database.error().message;
  const auto done = database->run_script(sql);
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

}  // namespace warren::engine
