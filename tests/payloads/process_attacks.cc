// SPDX-License-Identifier: Apache-2.0
//
// Processes that will not go, and more of them than there may be.

#include <dirent.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr int kDeadlineSeconds = 60;

[[noreturn]] void stay_forever() {
  for (;;) ::pause();
}

void ignore_what_can_be_ignored() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
}

// A process that has left its parent, its group and its session.
void make_daemon() {
  const pid_t child = ::fork();
  if (child != 0) {
    if (child > 0) ::waitpid(child, nullptr, 0);
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  ignore_what_can_be_ignored();
  stay_forever();
}

void make_stopped_process() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGSTOP);
    stay_forever();
  }
  if (child > 0) ::waitpid(child, nullptr, WUNTRACED);
}

// Leaves daemons and a stopped process behind and ends at once.
int leave_daemons(const char* count) {
  for (int index = std::atoi(count); index > 0; --index) make_daemon();
  make_stopped_process();
  return kSucceeded;
}

// The same, but stays and ignores every signal.
int refuse_to_end(const char* count) {
  leave_daemons(count);
  ignore_what_can_be_ignored();
  std::printf("settled\n");
  std::fflush(stdout);
  stay_forever();
}

// Each process makes others as long as it can.
int fork_bomb(const char* /*operand*/) {
  for (;;) {
    if (::fork() < 0) {
      if (::getppid() == 1) std::printf("full\n");
      std::fflush(stdout);
      stay_forever();
    }
  }
}

// Live and dead processes that this one can see, itself included. Init does not show itself.
int visible_processes() {
  DIR* directory = ::opendir("/proc");
  if (directory == nullptr) return -1;
  int count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? 1 : 0;
  }
  ::closedir(directory);
  return count;
}

// Children that end at once, of a parent that waits for none: init inherits them, some alive and
// some as zombies.
[[noreturn]] void orphan(int count) {
  for (; count > 0; --count) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child < 0) ::_exit(1);
  }
  ::_exit(0);
}

// Whether nothing but this process comes to be left of all.
bool is_soon_alone() {
  const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int turn = 0; turn < kDeadlineSeconds * 1000; ++turn) {
    if (visible_processes() == 1) return true;
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

// Orphans of init. Succeeds when some of them stay as zombies, at the end or on the way.
int leave_orphans(const char* count) {
  constexpr int kAtATime = 50;
  constexpr int kBetweenLooks = 5000;
  for (int left = std::atoi(count); left > 0; left -= kAtATime) {
    const pid_t child = ::fork();
    if (child == 0) orphan(kAtATime);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) < 0) return refusal();
    if (status != 0) return EAGAIN;
    if (left % kBetweenLooks == 0 && !is_soon_alone()) return kSucceeded;
  }
  return is_soon_alone() ? ESRCH : kSucceeded;
}

// Shows that leave-orphans would see zombies: those of a parent that does not wait for them.
int leave_zombies(const char* count) {
  const int wanted = std::atoi(count);
  for (int index = 0; index < wanted; ++index) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child < 0) return refusal();
  }
  siginfo_t last{};
  for (int index = 0; index < wanted; ++index) {
    ::waitid(P_ALL, 0, &last, WEXITED | WNOWAIT);
  }
  return visible_processes() == wanted + 1 ? kSucceeded : ESRCH;
}

// One child that ends at once. By vfork(2), which is quicker than init can reap.
[[gnu::noinline]] void make_orphan() {
  if (::vfork() == 0) ::_exit(0);
}

[[gnu::noinline]] void make_orphans(int count) {
  for (; count > 0; --count) make_orphan();
}

[[noreturn]] void orphan_without_end() {
  constexpr int kAtATime = 20;
  for (;;) {
    const pid_t child = ::vfork();
    if (child == 0) {
      make_orphans(kAtATime);
      ::_exit(0);
    }
    if (child > 0) ::waitpid(child, nullptr, 0);
  }
}

// Orphans that stay, among which init has to look for each one that ends, and others that end at
// once, as fast as they can be made. Counts meanwhile.
int storm_of_orphans(const char* stay) {
  constexpr int kMakers = 4;
  constexpr int kLongEnough = 1000;
  for (int index = std::atoi(stay); index > 0; --index) make_daemon();
  for (int index = 0; index < kMakers; ++index) {
    if (::fork() == 0) orphan_without_end();
  }
  const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int count = 0; count <= kLongEnough; ++count) {
    std::printf("counted %d\n", count);
    std::fflush(stdout);
    ::nanosleep(&pause, nullptr);
  }
  stay_forever();
}

constexpr Attack kAttacks[] = {
    {"leave-daemons", leave_daemons}, {"refuse-to-end", refuse_to_end},
    {"fork-bomb", fork_bomb},         {"leave-orphans", leave_orphans},
    {"leave-zombies", leave_zombies}, {"storm-of-orphans", storm_of_orphans}};

}  // namespace

std::span<const Attack> process_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
