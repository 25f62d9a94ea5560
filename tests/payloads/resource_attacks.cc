// SPDX-License-Identifier: Apache-2.0
//
// Taking more than there is. Operands are amounts: what the attack wants to have had at the end.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
char block[kMebibyte];

int take_memory(const char* mebibytes) {
  const std::size_t size = std::strtoul(mebibytes, nullptr, 10) * kMebibyte;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return refusal();
  std::memset(memory, 1, size);
  ::munmap(memory, size);
  return kSucceeded;
}

int take_processes(const char* count) {
  pid_t children[4096];
  const int wanted = std::atoi(count) < 4096 ? std::atoi(count) : 4096;
  int made = 0;
  int error = kSucceeded;
  for (; made < wanted; ++made) {
    children[made] = ::fork();
    if (children[made] == 0) {
      for (;;) ::pause();
    }
    if (children[made] < 0) {
      error = refusal();
      break;
    }
  }
  for (int index = 0; index < made; ++index) {
    ::kill(children[index], SIGKILL);
    ::waitpid(children[index], nullptr, 0);
  }
  std::fprintf(stderr, "%d\n", made);
  return error;
}

// "MEBIBYTES:PATH". Written to the disk: delayed allocation does not hide the end of the room.
int take_disk(const char* operand) {
  char* path = nullptr;
  const unsigned long count = std::strtoul(operand, &path, 10);
  const int fd = ::open(path + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return refusal();
  int error = kSucceeded;
  for (unsigned long index = 0; index < count && error == kSucceeded; ++index) {
    std::memset(block, static_cast<int>(index + 1), sizeof block);
    const ssize_t written = ::write(fd, block, sizeof block);
    if (written != static_cast<ssize_t>(sizeof block)) error = written < 0 ? refusal() : ENOSPC;
  }
  if (error == kSucceeded && ::fsync(fd) != 0) error = refusal();
  ::close(fd);
  ::unlink(path + 1);
  return error;
}

// "COUNT:DIRECTORY": empty files.
int take_files(const char* operand) {
  char* directory = nullptr;
  const unsigned long count = std::strtoul(operand, &directory, 10);
  if (::chdir(directory + 1) != 0) return refusal();
  for (unsigned long index = 0; index < count; ++index) {
    char name[32];
    std::snprintf(name, sizeof name, "file-%lu", index);
    const int fd = ::open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return refusal();
    ::close(fd);
  }
  return kSucceeded;
}

int take_descriptors(const char* count) {
  for (long index = std::atol(count); index > 0; --index) {
    if (::dup(STDIN_FILENO) < 0) return refusal();
  }
  return kSucceeded;
}

int take_descriptors_up_to_hard_limit(const char* count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return take_descriptors(count);
}

int take_terminals(const char* count) {
  for (long index = std::atol(count); index > 0; --index) {
    if (::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) < 0) return refusal();
  }
  return kSucceeded;
}

// Lines on standard output.
int take_log(const char* mebibytes) {
  std::memset(block, 'x', sizeof block);
  for (std::size_t at = 127; at < sizeof block; at += 128) block[at] = '\n';
  for (long index = std::atol(mebibytes); index > 0; --index) {
    std::size_t done = 0;
    while (done < sizeof block) {
      const ssize_t written = ::write(STDOUT_FILENO, block + done, sizeof block - done);
      if (written < 0) return refusal();
      done += static_cast<std::size_t>(written);
    }
  }
  return kSucceeded;
}

constexpr Attack kAttacks[] = {{"take-memory", take_memory},
                               {"take-processes", take_processes},
                               {"take-disk", take_disk},
                               {"take-files", take_files},
                               {"take-log", take_log},
                               {"take-terminals", take_terminals},
                               {"take-descriptors", take_descriptors},
                               {"take-all-descriptors", take_descriptors_up_to_hard_limit}};

}  // namespace

std::span<const Attack> resource_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
