// SPDX-License-Identifier: Apache-2.0
//
// What a command is told of memory where a limit leaves it less than the machine has.

#include <gmock/gmock.h>
#include <sys/sysinfo.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

constexpr std::uint64_t kKibibyte = 1024;
constexpr Bytes kLimit{std::uint64_t{64} << 20};

std::uint64_t host_kibibytes() {
  struct sysinfo host {};
  EXPECT_EQ(::sysinfo(&host), 0);
  return std::uint64_t{host.totalram} * host.mem_unit / kKibibyte;
}

// The line of /proc/meminfo with that name.
std::uint64_t line_of(const std::string& meminfo, const std::string& name) {
  std::istringstream lines(meminfo);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  ADD_FAILURE() << "no " << name << " in: " << meminfo;
  return 0;
}

class MemoryView : public ::testing::Test {
 protected:
  std::string output_of(const model::JobSpec& spec) {
    const Outcome outcome = runner_.run(spec);
    EXPECT_EQ(outcome.exit_code(), 0) << outcome.ended.message << outcome.err;
    return outcome.out;
  }

  static model::JobSpec show_memory(std::optional<Bytes> limit) {
    model::JobSpec spec = shell("cat /proc/meminfo");
    spec.sandbox.limits.memory = limit;
    return spec;
  }

  SandboxRunner runner_;
};

TEST_F(MemoryView, IsThatOfTheLimit) {
  const std::string text = output_of(show_memory(kLimit));
  for (const char* name : {"MemTotal", "MemFree", "MemAvailable"}) {
    EXPECT_EQ(line_of(text, name), kLimit.value / kKibibyte) << name;
  }
  EXPECT_EQ(line_of(text, "SwapTotal"), 0U);
}

TEST_F(MemoryView, IsTheKernelsOwnWithoutALimit) {
  EXPECT_EQ(line_of(output_of(show_memory(std::nullopt)), "MemTotal"), host_kibibytes());
  const Bytes more{(host_kibibytes() + kKibibyte) * kKibibyte};
  EXPECT_EQ(line_of(output_of(show_memory(more)), "MemTotal"), host_kibibytes());
}

TEST_F(MemoryView, IsReadByAnybody) {
  model::JobSpec spec = show_memory(kLimit);
  spec.process.user = model::UserSpec{.user = "nobody", .group = ""};
  EXPECT_EQ(line_of(output_of(spec), "MemTotal"), kLimit.value / kKibibyte);
}

TEST_F(MemoryView, IsThatOfTheLimitAroundIt) {
  model::JobSpec parent = shell("read line");
  parent.process.input = model::Input::kPipe;
  parent.sandbox.limits.memory = kLimit;
  Running outer = runner_.start(parent);
  ASSERT_TRUE(outer.started) << outer.started.error().message;
  for (const std::optional<Bytes> own :
       {std::optional<Bytes>(), std::optional(Bytes{kLimit.value * 2})}) {
    const Outcome inner = runner_.finish(runner_.start(show_memory(own), {outer.sandbox}));
    EXPECT_EQ(line_of(inner.out, "MemTotal"), kLimit.value / kKibibyte);
  }
  outer.started->input.reset();
  std::ignore = runner_.finish(std::move(outer));
}

TEST_F(MemoryView, ServesTheProgramsThatShowIt) {
  model::JobSpec spec =
      shell("free -m | awk '/^Mem:/ { print $2, $3, $4, $7 } /^Swap:/ { print $2 }'");
  spec.sandbox.limits.memory = kLimit;
  EXPECT_EQ(output_of(spec), "64 0 64 64\n0\n");
}

// The host profile has no mounts of its own.
TEST_F(MemoryView, IsTheHostsInTheHostProfile) {
  model::JobSpec spec = show_memory(kLimit);
  spec.sandbox.profile = model::Profile::kHost;
  EXPECT_EQ(line_of(output_of(spec), "MemTotal"), host_kibibytes());
}

// A call of the kernel that no mount can cover, as the documents say.
TEST_F(MemoryView, IsNotThatOfTheSystemCall) {
  model::JobSpec spec = shell("getconf -a | awk '/^_PHYS_PAGES/ { print $2 }'; getconf PAGESIZE");
  spec.sandbox.limits.memory = kLimit;
  std::istringstream output(output_of(spec));
  std::uint64_t pages = 0;
  std::uint64_t size = 0;
  output >> pages >> size;
  EXPECT_EQ(pages * size / kKibibyte, host_kibibytes());
}

}  // namespace
}  // namespace warren::test
