// SPDX-License-Identifier: Apache-2.0

#include "provider/local/footprint.h"

#include <gtest/gtest.h>

namespace warren::provider {
namespace {

constexpr rootfs::IdRange kRange{rootfs::IdRange::kFirstBase};

TEST(FootprintText, GivesBackWhatWasSetAside) {
  for (const Footprint& footprint : {Footprint{.range = kRange, .group = "joblet/job-7"},
                                     Footprint{.range = kRange, .group = {}},
                                     Footprint{.range = {}, .group = "jobs/a"}, Footprint{}}) {
    EXPECT_EQ(parse_footprint(to_text(footprint)).value(), footprint) << to_text(footprint);
  }
}

TEST(FootprintText, IsThatOfEnginesWithoutPlacesWhereThereIsNone) {
  EXPECT_EQ(to_text(Footprint{}), "host");
  EXPECT_EQ(to_text(Footprint{.range = kRange, .group = {}}), rootfs::to_text(kRange));
}

TEST(FootprintText, NamesNoGroupOutsideAPlace) {
  for (const char* text :
       {"", "guest", "host ", "host jobs", "host jobs/a/b", "host ../a", "host jobs/.",
        "host jobs/init", "01 jobs/a", "1 jobs/a", "host 0198c2f0-0000-7000-8000-000000000001/a"}) {
    EXPECT_FALSE(parse_footprint(text)) << text;
  }
}

}  // namespace
}  // namespace warren::provider
