// SPDX-License-Identifier: Apache-2.0

#include "store/spec_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::store {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

model::Limits full_limits() {
  return {.cpu_percent = 150,
          .cores = {{0, 1, 5}},
          .memory = Bytes{1ULL << 40U},
          .swap = Bytes{0},
          .pids = 77,
          .io_per_second = Bytes{1},
          .io_class = model::IoClass::kMedium,
          .io_direct_only = true,
          .disk = Bytes{2},
          .log = Bytes{~0ULL},
          .timeout = Duration(1234)};
}

model::JobSpec full_spec() {
  return {.sandbox = {.image = "debian",
                      .profile = model::Profile::kHost,
                      .network = model::Network::kHost,
                      .limits = full_limits()},
          .process = {.argv = {"sh", "-c", "echo \"\xc3\xa4\"\n", ""},
                      .env = {{"PATH", "/bin"}, {"EMPTY", ""}},
                      .workdir = "/work",
                      .user = model::UserSpec{.user = "daemon", .group = "100"},
                      .input = model::Input::kPipe,
                      .streams = model::Streams::kMerged},
          .name = "job-a",
          .labels = {{"team", "red"}, {"stage", ""}},
          .parent = make_id(9),
          .priority = -100,
          .on_client_exit = model::OnClientExit::kStop,
          .on_engine_exit = model::OnEngineExit::kKill,
          .forget_when_ended = true,
          .wait_for_uploads = true};
}

TEST(SpecCodec, GivesBackEveryField) {
  const std::string text = value_of(encode(full_spec()));
  EXPECT_EQ(value_of(decode_spec(text)), full_spec());
}

TEST(SpecCodec, GivesBackASpecificationOfDefaults) {
  const std::string text = value_of(encode({}));
  EXPECT_EQ(value_of(decode_spec(text)), model::JobSpec());
}

TEST(SpecCodec, KeepsAPresentValueApartFromAnAbsentOne) {
  model::JobSpec spec;
  spec.sandbox.limits.swap = Bytes{0};
  spec.process.workdir = "";
  EXPECT_EQ(value_of(decode_spec(value_of(encode(spec)))), spec);
}

TEST(SpecCodec, LeavesOutWhatIsDefault) {
  EXPECT_EQ(value_of(encode({})), R"({"process":{},"sandbox":{"image":"host"}})");
}

TEST(SpecCodec, RefusesTextThatIsNotUtf8) {
  model::JobSpec spec;
  spec.process.argv = {"\xff"};
  EXPECT_THAT(encode(spec), HoldsError(Errc::kInvalidArgument, _));
}

TEST(SpecCodec, ReportsATextThatIsNoSpecification) {
  for (const char* text : {"", "{", "[]", "{}", R"({"sandbox":{},"process":{"argv":7}})",
                           R"({"sandbox":{"limits":{"io_class":"fast"}},"process":{}})"}) {
    EXPECT_THAT(decode_spec(text), HoldsError(Errc::kInternal, HasSubstr("stored specification")))
        << text;
  }
}

}  // namespace
}  // namespace warren::store
