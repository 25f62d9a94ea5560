// SPDX-License-Identifier: Apache-2.0

#include "client/keeper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <span>
#include <string_view>

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

// The number that `text` begins with; 0 where there is none.
pid_t number_in(std::string_view text) {
  pid_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// proc_pid_status(5); 0 for a process that has ended.
pid_t parent_of(pid_t pid) {
  constexpr std::string_view kField = "\nPPid:\t";
  const auto status = os::read_text(AT_FDCWD, fmt::format("/proc/{}/status", pid).c_str());
  const std::size_t at = status ? status->find(kField) : std::string::npos;
  return at == std::string::npos ? 0
                                 : number_in(std::string_view(*status).substr(at + kField.size()));
}

}  // namespace

Result<> begin_keeping(const std::string& runtime_dir) {
  const std::string path = path_in(runtime_dir);
  const os::UniqueFd file = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, kMode),
                  "opening {}", path));
  const std::string text = fmt::format("{}\n", ::getpid());
  return os::context(os::write_all(file.get(), std::as_bytes(std::span(text))), "writing {}", path);
}

void stop_keeping(const std::string& runtime_dir) noexcept {
  ::unlink(path_in(runtime_dir).c_str());
}

// The file of one that was killed stays behind, and its number may be another's by now: but that
// one is not the engine's parent.
std::optional<os::UniqueFd> find_keeper(const std::string& runtime_dir, pid_t engine) {
  const auto text = os::read_text(AT_FDCWD, path_in(runtime_dir).c_str());
  const pid_t keeper = text ? number_in(*text) : 0;
  if (keeper <= 0 || parent_of(engine) != keeper) return std::nullopt;
  auto opened = os::open_process(keeper);
  if (!opened) return std::nullopt;
  return *std::move(opened);
}

}  // namespace warren::client
