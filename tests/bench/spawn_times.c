// SPDX-License-Identifier: Apache-2.0
//
// Runs a command again and again and prints the microseconds of each run, from spawn to reaped. Its
// own part of them is one posix_spawn(3), which neither shell nor interpreter reaches.
//
// usage: spawn_times COUNT IN_FLIGHT COMMAND [ARGUMENT...]

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

struct Run {
  pid_t pid;
  double started;
};

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int start(struct Run* run, char** command, const posix_spawn_file_actions_t* actions) {
  run->started = now_us();
  const int error = posix_spawnp(&run->pid, command[0], actions, NULL, command, environ);
  if (error != 0) fprintf(stderr, "spawn_times: %s: %s\n", command[0], strerror(error));
  return error == 0;
}

// Waits for any run, prints its time and frees its slot. Returns false when it failed.
static int reap(struct Run* runs, int slots) {
  int status = 0;
  const pid_t ended = wait(&status);
  const double now = now_us();
  for (int i = 0; i < slots; ++i) {
    if (runs[i].pid != ended) continue;
    printf("%.1f\n", now - runs[i].started);
    runs[i].pid = 0;
  }
  if (status != 0) fprintf(stderr, "spawn_times: the command ended with status %#x\n", status);
  return status == 0;
}

static int run_all(int count, int slots, char** command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  struct Run* runs = calloc((size_t)slots, sizeof *runs);
  int ok = runs != NULL;
  int running = 0;
  while (ok && (count > 0 || running > 0)) {
    for (int i = 0; ok && i < slots && count > 0; ++i) {
      if (runs[i].pid != 0) continue;
      ok = start(&runs[i], command, &actions);
      running += ok;
      --count;
    }
    if (ok) {
      ok = reap(runs, slots);
      --running;
    }
  }
  free(runs);
  posix_spawn_file_actions_destroy(&actions);
  return ok;
}

int main(int argc, char** argv) {
  const int count = argc > 3 ? atoi(argv[1]) : 0;
  const int slots = argc > 3 ? atoi(argv[2]) : 0;
  if (count < 1 || slots < 1) {
    fputs("usage: spawn_times COUNT IN_FLIGHT COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  return run_all(count, slots, argv + 3) ? 0 : 1;
}
