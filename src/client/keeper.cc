// SPDX-License-Identifier: Apache-2.0

#include "client/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/process.h"
#include "os/text_file.h"

namespace warren::client {
namespace {

// Whoever may enter the directory may read it.
constexpr mode_t kMode = 0644;

std::string path_in(const std::string& runtime_dir) {
  return runtime_dir + "/serve.pid";
}

// Takes the number that `text` begins with, and what is between it and the next; 0 where there is
// none.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  return error == std::errc() ? number : 0;
}

// When it began, proc_pid_stat(5): number and beginning together are of one process alone. 0 for
// one that has ended.
std::uint64_t beginning_of(pid_t pid) {
  constexpr int kFieldsBefore = 20;  // Behind the name, which may hold anything.
  const auto text = os::read_text(AT_FDCWD, fmt::format("/proc/{}/stat", pid).c_str());
  if (!text) return 0;
  std::string_view rest(*text);
  rest.remove_prefix(rest.rfind(')') + 1);
  for (int field = 0; field < kFieldsBefore; ++field) {
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  }
  return take_number(rest);
}

}  // namespace

// The file of one that was killed stays behind, and its number may be another's by now.
std::optional<Keeper> find_keeper(const std::string& runtime_dir) {
  const auto text = os::read_text(AT_FDCWD, path_in(runtime_dir).c_str());
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  const auto pid = static_cast<pid_t>(take_number(rest));
  const std::uint64_t beginning = take_number(rest);
  if (pid <= 0 || beginning == 0) return std::nullopt;
  auto process = os::open_process(pid);
  if (!process || beginning_of(pid) != beginning) return std::nullopt;
  return Keeper{.pid = pid, .process = *std::move(process)};
}

Result<> require_no_keeper(const std::string& runtime_dir) {
  const auto keeper = find_keeper(runtime_dir);
  if (!keeper || keeper->pid == ::getpid()) return {};
  return fail(Errc::kAlreadyExists,
              "process {} keeps an engine running here, and starts it again when it has ended: "
              "end that one first",
              keeper->pid);
}

Result<> begin_keeping(const std::string& runtime_dir) {
  const std::string path = path_in(runtime_dir);
  const os::UniqueFd file = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, kMode),
                  "opening {}", path));
  const std::string text = fmt::format("{} {}\n", ::getpid(), beginning_of(::getpid()));
  return os::context(os::write_all(file.get(), std::as_bytes(std::span(text))), "writing {}", path);
}

void stop_keeping(const std::string& runtime_dir) noexcept {
  ::unlink(path_in(runtime_dir).c_str());
}

}  // namespace warren::client
