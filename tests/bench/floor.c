// SPDX-License-Identifier: Apache-2.0
//
// The floor: the kernel's own part of starting a sandboxed command, and nothing else. What a
// program adds to these times is what it costs. For each start it prints a line with the
// microseconds until the command was executed and until it was reaped.
//
// usage: floor [--count N] [--workers N] [--no-net | --no-sandbox] COMMAND
//
// Writable layers are on a tmpfs in a mount namespace of this program, gone when it ends.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kFirstUid = 100000, kUidCount = 65536 };

static const unsigned long long kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

struct Options {
  int count;
  int workers;
  unsigned long long namespaces;  // 0: fork and exec alone.
  char* command;
};

struct Times {
  double executed;
  double reaped;
};

// The directories of one start.
struct Layer {
  char upper[32];
  char work[32];
};

static void check(int ok, const char* what) {
  if (ok) return;
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  _exit(1);
}

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int new_mount(const char* type, const char* const* settings) {
  const int context = fsopen(type, FSOPEN_CLOEXEC);
  check(context >= 0, type);
  for (; settings[0] != NULL; settings += 2) {
    const unsigned command = settings[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    check(fsconfig(context, command, settings[0], settings[1], 0) == 0, settings[0]);
  }
  check(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0, "fsconfig create");
  const int mounted = fsmount(context, FSMOUNT_CLOEXEC, 0);
  check(mounted >= 0, "fsmount");
  close(context);
  return mounted;
}

static void attach(int mounted, int at, const char* path) {
  check(move_mount(mounted, "", at, path, MOVE_MOUNT_F_EMPTY_PATH) == 0, path);
}

static void attach_device(int dev, const char* name) {
  char source[32];
  snprintf(source, sizeof source, "/dev/%s", name);
  const int device = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  check(device >= 0, source);
  const int file = openat(dev, name, O_CREAT | O_CLOEXEC, 0666);
  check(file >= 0, name);
  close(file);
  attach(device, dev, name);
  close(device);
}

static void build_root(const struct Layer* layer) {
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "making / private");
  const char* const overlay[] = {"lowerdir", "lower",     "upperdir",  layer->upper,
                                 "workdir",  layer->work, "userxattr", NULL,
                                 "volatile", NULL,        NULL};
  const char* const none[] = {NULL};
  const int root = new_mount("overlay", overlay);
  attach(root, AT_FDCWD, "root");
  attach(new_mount("proc", none), root, "proc");
  const int dev = new_mount("tmpfs", none);
  attach(dev, root, "dev");
  const char* const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; ++i) attach_device(dev, devices[i]);
  attach(new_mount("tmpfs", none), root, "tmp");

  check(fchdir(root) == 0, "entering the root");
  check(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
  check(umount2(".", MNT_DETACH) == 0, "detaching the host's root");
  check(chdir("/") == 0, "chdir");
}

static void write_map(pid_t child, const char* name) {
  char path[64];
  char line[64];
  snprintf(path, sizeof path, "/proc/%d/%s", child, name);
  const int length = snprintf(line, sizeof line, "0 %d %d\n", kFirstUid, kUidCount);
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  check(file >= 0 && write(file, line, (size_t)length) == length, path);
  close(file);
}

static void make_layer(int number, struct Layer* layer) {
  const int id = (int)getpid();
  snprintf(layer->upper, sizeof layer->upper, "%d.%d.upper", id, number);
  snprintf(layer->work, sizeof layer->work, "%d.%d.work", id, number);
  const char* const made[] = {layer->upper, layer->work};
  for (int i = 0; i < 2; ++i) {
    check(mkdir(made[i], 0755) == 0 && chown(made[i], kFirstUid, kFirstUid) == 0, made[i]);
  }
}

static void remove_layer(const struct Layer* layer) {
  // What overlay leaves in the work directory of a volatile mount, innermost first.
  const char* const made[] = {"/work/incompat/volatile/dirty", "/work/incompat/volatile",
                              "/work/incompat", "/work", ""};
  for (size_t i = 0; i < sizeof made / sizeof made[0]; ++i) {
    char path[96];
    snprintf(path, sizeof path, "%s%s", layer->work, made[i]);
    check(remove(path) == 0, path);
  }
  check(rmdir(layer->upper) == 0, layer->upper);
}

// Waits for its user ids, builds the root and becomes the command. `go` is a pipe.
static void be_child(const struct Options* options, const struct Layer* layer, int go) {
  if (options->namespaces != 0) {
    char byte;
    check(read(go, &byte, 1) == 1, "waiting for the user ids");
    check(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "becoming root");
    build_root(layer);
  }
  char* const arguments[] = {options->command, NULL};
  char* const environment[] = {NULL};
  execve(options->command, arguments, environment);
  check(0, options->command);
}

static struct Times start_once(const struct Options* options, int number) {
  struct Layer layer;
  int go[2];
  int executed[2];  // Its write end closes when the child executes the command.
  struct Times times;
  const double start = now_us();
  if (options->namespaces != 0) make_layer(number, &layer);
  check(pipe2(go, O_CLOEXEC) == 0 && pipe2(executed, O_CLOEXEC) == 0, "pipe");

  struct clone_args arguments = {.flags = options->namespaces, .exit_signal = SIGCHLD};
  const pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  check(child >= 0, "clone3");
  if (child == 0) be_child(options, &layer, go[0]);
  close(executed[1]);
  if (options->namespaces != 0) {
    write_map(child, "uid_map");
    write_map(child, "gid_map");
    check(write(go[1], "g", 1) == 1, "letting the child go");
  }

  char byte;
  check(read(executed[0], &byte, 1) == 0, "waiting for exec");
  times.executed = now_us() - start;
  int status = 0;
  check(waitpid(child, &status, 0) == child, "waitpid");
  times.reaped = now_us() - start;
  errno = 0;
  check(status == 0, "the command failed");
  close(executed[0]);
  close(go[0]);
  close(go[1]);
  if (options->namespaces != 0) remove_layer(&layer);
  return times;
}

static void work(const struct Options* options) {
  struct Times* times = calloc((size_t)options->count, sizeof *times);
  check(times != NULL, "calloc");
  for (int i = 0; i < options->count; ++i) times[i] = start_once(options, i);
  for (int i = 0; i < options->count; ++i) {
    printf("%.1f %.1f\n", times[i].executed, times[i].reaped);
  }
  free(times);
}

static struct Options parse(int argc, char** argv) {
  struct Options options = {.count = 200, .workers = 1, .namespaces = kNamespaces | CLONE_NEWNET};
  const struct option names[] = {{"count", required_argument, NULL, 'c'},
                                 {"workers", required_argument, NULL, 'w'},
                                 {"no-net", no_argument, NULL, 'n'},
                                 {"no-sandbox", no_argument, NULL, 's'},
                                 {NULL, 0, NULL, 0}};
  for (int found; (found = getopt_long(argc, argv, "+", names, NULL)) != -1;) {
    if (found == 'c')
      options.count = atoi(optarg);
    else if (found == 'w')
      options.workers = atoi(optarg);
    else if (found == 'n')
      options.namespaces = kNamespaces;
    else if (found == 's')
      options.namespaces = 0;
    else
      exit(2);
  }
  if (argc - optind != 1 || options.count < 1 || options.workers < 1) {
    fputs("usage: floor [--count N] [--workers N] [--no-net | --no-sandbox] COMMAND\n", stderr);
    exit(2);
  }
  options.command = argv[optind];
  return options;
}

// Makes and enters the directory with the lower layer and the place of the roots. The host's root
// is bound without what is mounted on it: overlay refuses layers with mounts below them.
static void enter_scratch(char* path) {
  check(mkdtemp(path) != NULL, path);
  check(unshare(CLONE_NEWNS) == 0, "unshare");
  check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "making / private");
  check(mount("floor", path, "tmpfs", 0, NULL) == 0, path);
  check(chdir(path) == 0, path);
  check(mkdir("lower", 0755) == 0 && mkdir("root", 0755) == 0, "mkdir");
  check(mount("/", "lower", NULL, MS_BIND, NULL) == 0, "lower");
}

int main(int argc, char** argv) {
  const struct Options options = parse(argc, argv);
  char scratch[] = "/tmp/warren-floor.XXXXXX";
  enter_scratch(scratch);
  for (int i = 0; i < options.workers; ++i) {
    const pid_t worker = fork();
    check(worker >= 0, "fork");
    if (worker == 0) {
      work(&options);
      exit(0);
    }
  }
  int failed = 0;
  for (int status; wait(&status) > 0;) failed |= status;
  check(umount2(scratch, MNT_DETACH) == 0 && rmdir(scratch) == 0, scratch);
  return failed == 0 ? 0 : 1;
}
