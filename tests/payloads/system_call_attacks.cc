// SPDX-License-Identifier: Apache-2.0
//
// Calls of the kernel that a command has no use for. Arguments are such that a call which passes
// the filter does no harm, and fails for another reason than a filter's EPERM or ENOSYS: that it
// came so far is the attack's success.

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>

#include "attack.h"

namespace warren::payload {
namespace {

constexpr long kBad = -1;  // A pointer to nothing, or no descriptor.
constexpr long kNull = 0;
constexpr int kPatienceMs = 20'000;
constexpr std::uint64_t kUpperHalf = 1ULL << 32;  // A filter that compares 64 bits is fooled.

struct Call {
  const char* name;
  long number;
  long arguments[5];
};

constexpr Call kCalls[] = {
    {"acct", SYS_acct, {kBad}},
    {"add_key", SYS_add_key, {kBad, kBad, kBad, 1, 0}},
    {"adjtimex", SYS_adjtimex, {kBad}},
    {"bpf", SYS_bpf, {0, kBad, 64}},
    {"chroot", SYS_chroot, {kBad}},
    {"clock_adjtime", SYS_clock_adjtime, {0, kBad}},
    {"clock_settime", SYS_clock_settime, {0, kBad}},
    {"delete_module", SYS_delete_module, {kBad, 0}},
    {"fanotify_init", SYS_fanotify_init, {kBad, 0}},
    {"finit_module", SYS_finit_module, {kBad, kBad, 0}},
    {"fsconfig", SYS_fsconfig, {kBad, 0, 0, 0, 0}},
    {"fsmount", SYS_fsmount, {kBad, 0, 0}},
    {"fsopen", SYS_fsopen, {kBad, 0}},
    {"fspick", SYS_fspick, {kBad, kBad, 0}},
    {"init_module", SYS_init_module, {kBad, 0, kBad}},
    {"io_uring_enter", SYS_io_uring_enter, {kBad, 0, 0, 0, 0}},
    {"io_uring_register", SYS_io_uring_register, {kBad, 0, 0, 0}},
    {"io_uring_setup", SYS_io_uring_setup, {1, kBad}},
    {"ioperm", SYS_ioperm, {kBad, 1, 1}},
    {"iopl", SYS_iopl, {99}},
    {"kcmp", SYS_kcmp, {1, 1, 99, 0, 0}},
    {"kexec_load", SYS_kexec_load, {0, 99, kBad, kBad}},
    {"keyctl", SYS_keyctl, {9999, 0, 0, 0, 0}},
    {"mbind", SYS_mbind, {1, 4096, 99, 0, 0}},
    {"migrate_pages", SYS_migrate_pages, {0, kBad, kBad, kBad}},
    {"mount", SYS_mount, {kBad, kBad, kBad, 0, 0}},
    {"mount_setattr", SYS_mount_setattr, {kBad, kBad, 0, kBad, 32}},
    {"move_mount", SYS_move_mount, {kBad, kBad, kBad, kBad, 0}},
    {"move_pages", SYS_move_pages, {0, 1, kBad, 0, kBad}},
    {"name_to_handle_at", SYS_name_to_handle_at, {kBad, kBad, kBad, kBad, 0}},
    {"open_by_handle_at", SYS_open_by_handle_at, {kBad, kBad, 0}},
    {"open_tree", SYS_open_tree, {kBad, kBad, 0}},
    {"perf_event_open", SYS_perf_event_open, {kBad, 0, 0, kBad, 0}},
    {"pidfd_getfd", SYS_pidfd_getfd, {kBad, 0, 0}},
    {"pivot_root", SYS_pivot_root, {kBad, kBad}},
    {"process_madvise", SYS_process_madvise, {kBad, kBad, 1, 4, 0}},
    {"quotactl", SYS_quotactl, {0x800001, kBad, 0, kBad}},
    {"reboot", SYS_reboot, {1, 1, 1, 0}},
    {"request_key", SYS_request_key, {kBad, kBad, kBad, 0}},
    {"setdomainname", SYS_setdomainname, {kBad, kBad}},
    {"sethostname", SYS_sethostname, {kBad, kBad}},
    {"setns", SYS_setns, {kBad, 0}},
    {"settimeofday", SYS_settimeofday, {kBad, 0}},
    {"swapoff", SYS_swapoff, {kBad}},
    {"swapon", SYS_swapon, {kBad, 0}},
    {"syslog", SYS_syslog, {99, 0, 0}},
    {"umount2", SYS_umount2, {kBad, 0}},
    {"unshare", SYS_unshare, {CLONE_NEWUSER | 0x1}},
    {"userfaultfd", SYS_userfaultfd, {0x40000000}},
    {"clone3", SYS_clone3, {kBad, 64}},
};

int verdict(long result) {
  if (result >= 0) return kSucceeded;
  return errno == EPERM || errno == ENOSYS ? errno : kSucceeded;
}

int call(const char* name) {
  for (const Call& entry : kCalls) {
    if (std::string_view(entry.name) != name) continue;
    const auto& [a, b, c, d, e] = entry.arguments;
    return verdict(::syscall(entry.number, a, b, c, d, e));
  }
  return EINVAL;
}

// The old gate of 32-bit programs: 20 is its getpid(2).
int call_as_32_bit(const char* /*operand*/) {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  errno = result < 0 ? static_cast<int>(-static_cast<int>(result)) : 0;
  return static_cast<int>(result) > 0 ? kSucceeded : refusal();
}

int call_as_x32(const char* /*operand*/) {
  constexpr long kX32 = 0x40000000;
  return verdict(::syscall(kX32 | SYS_getpid));
}

int open_socket(const char* family) {
  return verdict(::socket(std::atoi(family), SOCK_DGRAM, 0));
}

// An address family that a filter of 64 bits does not recognize.
int open_packet_socket_in_disguise(const char* /*operand*/) {
  return verdict(::syscall(SYS_socket, kUpperHalf | AF_PACKET, SOCK_DGRAM, 0));
}

int open_netlink(const char* protocol) {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, std::atoi(protocol));
  if (socket < 0) return refusal();
  ::close(socket);
  return kSucceeded;
}

int open_netlink_in_disguise(const char* protocol) {
  const long number = std::atol(protocol);
  const long socket = ::syscall(SYS_socket, AF_NETLINK, SOCK_RAW, kUpperHalf | number);
  if (socket < 0) return refusal();
  ::close(static_cast<int>(socket));
  return kSucceeded;
}

int subscribe_to_devices() {
  const int socket = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;  // The kernel's own.
  if (socket < 0) return -1;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  ::close(socket);
  return -1;
}

// Says that it listens, and succeeds once it has heard of the device with that path in sysfs.
int hear_of_device(const char* path) {
  const int socket = subscribe_to_devices();
  if (socket < 0) {
    const int error = refusal();
    std::printf("deaf\n");
    std::fflush(stdout);
    return error;
  }
  std::printf("listening\n");
  std::fflush(stdout);
  pollfd event{.fd = socket, .events = POLLIN, .revents = 0};
  while (::poll(&event, 1, kPatienceMs) > 0) {
    char message[4096];  // "change@/devices/virtual/mem/null", then its environment.
    const ssize_t size = ::recv(socket, message, sizeof message - 1, 0);
    message[size < 0 ? 0 : size] = '\0';
    if (std::strstr(message, path) != nullptr) return kSucceeded;
  }
  return ETIMEDOUT;
}

// An event of a device that does not exist, to everybody in this network namespace.
int forge_device(const char* path) {
  const int socket = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  if (socket < 0) return refusal();
  sockaddr_nl everybody{};
  everybody.nl_family = AF_NETLINK;
  everybody.nl_groups = 1;
  char message[256];
  const int size = std::snprintf(message, sizeof message, "change@%s", path);
  const ssize_t sent = ::sendto(socket, message, static_cast<std::size_t>(size) + 1, 0,
                                reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody);
  const int error = sent < 0 ? refusal() : kSucceeded;
  ::close(socket);
  return error;
}

int control_terminal(std::uint64_t request) {
  const int terminal = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return refusal();
  const int unlock = 0;
  ::ioctl(terminal, TIOCSPTLCK, &unlock);
  const int child_side = ::ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  if (child_side < 0) return refusal();
  char input = 'x';
  const int error = verdict(::syscall(SYS_ioctl, child_side, request, &input));
  ::close(child_side);
  ::close(terminal);
  return error;
}

int push_input(const char* /*operand*/) {
  return control_terminal(TIOCSTI);
}

int push_input_in_disguise(const char* /*operand*/) {
  return control_terminal(kUpperHalf | TIOCSTI);
}

int paste_selection(const char* /*operand*/) {
  return control_terminal(TIOCLINUX);
}

int paste_selection_in_disguise(const char* /*operand*/) {
  return control_terminal(kUpperHalf | TIOCLINUX);
}

// These two really do what they try: a namespace of one's own is full power over kernel code.
int unshare_users(const char* /*operand*/) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? kSucceeded : refusal());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return refusal();
  return WEXITSTATUS(status);
}

int clone_users(std::uint64_t flags) {
  const long child = ::syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  if (child < 0) return refusal();
  ::waitpid(static_cast<pid_t>(child), nullptr, 0);
  return kSucceeded;
}

int clone_users_plainly(const char* /*operand*/) {
  return clone_users(CLONE_NEWUSER | SIGCHLD);
}

int clone_users_in_disguise(const char* /*operand*/) {
  return clone_users(kUpperHalf | CLONE_NEWUSER | SIGCHLD);
}

constexpr Attack kAttacks[] = {{"call", call},
                               {"call-as-32-bit", call_as_32_bit},
                               {"call-as-x32", call_as_x32},
                               {"open-socket", open_socket},
                               {"packet-socket-in-disguise", open_packet_socket_in_disguise},
                               {"open-netlink", open_netlink},
                               {"open-netlink-in-disguise", open_netlink_in_disguise},
                               {"hear-of-device", hear_of_device},
                               {"forge-device", forge_device},
                               {"push-input", push_input},
                               {"push-input-in-disguise", push_input_in_disguise},
                               {"paste-selection", paste_selection},
                               {"paste-selection-in-disguise", paste_selection_in_disguise},
                               {"unshare-users", unshare_users},
                               {"clone-users", clone_users_plainly},
                               {"clone-users-in-disguise", clone_users_in_disguise}};

}  // namespace

std::span<const Attack> system_call_attacks() noexcept {
  return kAttacks;
}

}  // namespace warren::payload
