// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>

namespace warren::provider {
namespace {

using ::testing::HasSubstr;

TEST(InitLauncher, SaysAtWhichStageAChildDidNotBecomeInitAndLeavesNoZombie) {
  const std::string_view text = "no program";
  const InitLauncher launcher = InitLauncher::create(std::as_bytes(std::span(text))).value();
  const auto launched = launcher.bear({});
  ASSERT_FALSE(launched);
  EXPECT_THAT(launched.error().message, HasSubstr("executing warren-init: Exec format error"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "somebody is left";
}

TEST(SealInMemory, TakesNoChangeAndIsExecutedOnlyWhereItIsMeantToBe) {
  // Before Linux 6.3 everything in memory can be executed; MFD_NOEXEC_SEAL is of that version.
  constexpr unsigned kNoExecSeal = 0x8;
  const bool can_forbid_execution =
      static_cast<bool>(os::UniqueFd(::memfd_create("probe", MFD_CLOEXEC | kNoExecSeal)));
  const std::string_view text = "sealed";
  for (const Executable executable : {Executable::kNo, Executable::kYes}) {
    const os::UniqueFd file =
        seal_in_memory("test", std::as_bytes(std::span(text)), executable).value();
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    EXPECT_EQ(::fcntl(file.get(), F_GET_SEALS) & kSeals, kSeals);
    const bool can_execute = ::faccessat(file.get(), "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0;
    EXPECT_EQ(can_execute, executable == Executable::kYes || !can_forbid_execution);
  }
}

}  // namespace
}  // namespace warren::provider
