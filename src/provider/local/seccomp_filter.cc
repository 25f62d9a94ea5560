// SPDX-License-Identifier: Apache-2.0

#include "provider/local/seccomp_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "plan/seccomp_profile.h"

namespace warren::provider {
namespace {

// libseccomp returns negative error numbers.
os::KernelResult<> check(int result) {
  return result < 0 ? std::unexpected(os::Errno{-result}) : os::KernelResult<>();
}

constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;
constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);
constexpr std::uint32_t kAbsent = SCMP_ACT_ERRNO(ENOSYS);
constexpr std::uint32_t kUnsupported = SCMP_ACT_ERRNO(EPROTONOSUPPORT);

class Filter {
 public:
  static Result<Filter> create() {
    Filter filter(::seccomp_init(kRefuse));
    if (filter.context_ == nullptr) return fail(Errc::kInternal, "libseccomp has no memory");
    const auto context = filter.context_.get();
    WARREN_TRY(os::context(check(::seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, kAbsent)),
                           "setting the action for other ABIs"));
    // A balanced tree instead of a list: 125 us to install instead of 408.
    WARREN_TRY(os::context(check(::seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)),
                           "choosing a tree"));
    return filter;
  }

  Result<> allow(std::string_view name, const std::vector<scmp_arg_cmp>& conditions = {}) {
    return add(kAllow, name, conditions);
  }
  Result<> make_absent(std::string_view name) { return add(kAbsent, name, {}); }

  Result<> allow_sockets(const plan::SocketFamily& sockets) {
    constexpr std::uint64_t kLowHalf = 0xffffffff;  // The kernel reads both arguments as int.
    const scmp_arg_cmp family{0, SCMP_CMP_MASKED_EQ, kLowHalf, sockets.family};
    if (!sockets.protocol) return allow("socket", {family});
    const scmp_arg_cmp same{2, SCMP_CMP_MASKED_EQ, kLowHalf, *sockets.protocol};
    const scmp_arg_cmp other{2, SCMP_CMP_NE, *sockets.protocol, 0};
    WARREN_TRY(allow("socket", {family, same}));
    return add(kUnsupported, "socket", {family, other});
  }

  [[nodiscard]] Result<std::vector<std::byte>> to_bytes() const {
    const os::UniqueFd file = WARREN_TRY(
        os::context(os::call_for_fd([] { return ::memfd_create("seccomp", MFD_CLOEXEC); }),
                    "creating a file in memory"));
    WARREN_TRY(os::context(check(::seccomp_export_bpf(context_.get(), file.get())),
                           "compiling the system call filter"));
    struct stat status {};
    WARREN_TRY(os::context(os::call([&] { return ::fstat(file.get(), &status); }), "fstat"));
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    const auto read = os::call_for<std::size_t>(
        [&] { return ::pread(file.get(), bytes.data(), bytes.size(), 0); });
    if (WARREN_TRY(os::context(read, "reading the filter")) != bytes.size()) {
      return fail(Errc::kInternal, "the system call filter is cut short");
    }
    return bytes;
  }

 private:
  struct Release {
    void operator()(void* context) const { ::seccomp_release(context); }
  };

  explicit Filter(scmp_filter_ctx context) : context_(context) {}

  Result<> add(std::uint32_t action, std::string_view name,
               const std::vector<scmp_arg_cmp>& conditions) {
    const int number = ::seccomp_syscall_resolve_name(std::string(name).c_str());
    if (number < 0) return {};  // Unknown to this libseccomp, so refused like any other.
    return os::context(check(::seccomp_rule_add_array(context_.get(), action, number,
                                                      static_cast<unsigned>(conditions.size()),
                                                      conditions.data())),
                       "allowing {}", name);
  }

  std::unique_ptr<void, Release> context_;
};

Result<> add_rules(Filter& filter) {
  for (const auto name : plan::allowed_calls()) WARREN_TRY(filter.allow(name));
  for (const auto name : plan::absent_calls()) WARREN_TRY(filter.make_absent(name));
  for (const auto& call : plan::conditional_calls()) {
    WARREN_TRY(filter.allow(
        call.name, {scmp_arg_cmp{call.argument, SCMP_CMP_MASKED_EQ, call.mask, call.value}}));
  }
  for (const auto& sockets : plan::socket_families()) WARREN_TRY(filter.allow_sockets(sockets));
  for (const auto& call : plan::restricted_calls()) WARREN_TRY(filter.allow(call.name));
  return {};
}

// libseccomp takes one comparison for each argument and rule, so it cannot say "neither of these".
// What is refused for an argument's sake is checked in front of its program, whose jumps are all
// relative. https://docs.kernel.org/networking/filter.html describes the instructions.
Result<std::vector<sock_filter>> refusals() {
  constexpr auto kLoad = static_cast<std::uint16_t>(BPF_LD | BPF_W | BPF_ABS);
  constexpr auto kJumpEqual = static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K);
  constexpr auto kReturn = static_cast<std::uint16_t>(BPF_RET | BPF_K);
  std::vector<sock_filter> program;
  for (const auto& call : plan::restricted_calls()) {
    const int number = ::seccomp_syscall_resolve_name(std::string(call.name).c_str());
    if (number < 0) return fail(Errc::kInternal, "libseccomp does not know {}", call.name);
    const auto skip = static_cast<std::uint8_t>(1 + 2 * call.values.size());
    const auto argument = static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                                     call.argument * sizeof(std::uint64_t));
    program.push_back({kLoad, 0, 0, offsetof(seccomp_data, nr)});
    program.push_back({kJumpEqual, 0, skip, static_cast<std::uint32_t>(number)});
    program.push_back({kLoad, 0, 0, argument});
    for (const std::uint32_t value : call.values) {
      program.push_back({kJumpEqual, 0, 1, value});
      program.push_back({kReturn, 0, 0, SECCOMP_RET_ERRNO | EPERM});
    }
  }
  return program;
}

}  // namespace

Result<std::vector<std::byte>> compile_seccomp_filter() {
  Filter filter = WARREN_TRY(Filter::create());
  WARREN_TRY(add_rules(filter));
  const std::vector<sock_filter> front = WARREN_TRY(refusals());
  const std::vector<std::byte> rest = WARREN_TRY(filter.to_bytes());
  const auto front_bytes = std::as_bytes(std::span(front));
  std::vector<std::byte> bytes(front_bytes.begin(), front_bytes.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

}  // namespace warren::provider
