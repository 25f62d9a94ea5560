// SPDX-License-Identifier: Apache-2.0

#include "model/spec.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/quote.h"

namespace warren::model {
namespace {

constexpr std::size_t kMostNameLength = 63;  // RFC 1035.
constexpr std::size_t kMostLabelKeyLength = 63;
constexpr std::size_t kMostLabelValueLength = 256;
constexpr std::size_t kMostImageLength = 255;
constexpr std::size_t kMostUserLength = 32;    // useradd(8).
constexpr std::size_t kMostPathLength = 4095;  // PATH_MAX without its NUL.
constexpr std::size_t kMostStringLength =
    std::size_t{128} * 1024 - 1;  // MAX_ARG_STRLEN without its NUL.
constexpr std::size_t kMostArgumentBytes =
    std::size_t{1024} * 1024;  // All strings with their NULs.
// Each costs memory of its own, however short it is: wherever a job is kept, listed or passed on.
constexpr std::size_t kMostStrings = std::size_t{64} * 1024;
constexpr std::size_t kMostLabels = 256;
constexpr std::uint32_t kUserIds = 65'536;  // How many a sandbox has.
constexpr std::int32_t kMostPriority = 100;

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_alnum(char c) noexcept {
  return is_digit(c) || is_lower(c) || is_upper(c);
}
constexpr bool is_printable(char c) noexcept {
  return c >= ' ' && c <= '~';
}
constexpr bool has_nul(std::string_view text) noexcept {
  return text.contains('\0');
}

template <typename... Args>
std::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(Errc::kInvalidArgument, format, std::forward<Args>(args)...);
}

// Strict (S7): digits alone, no leading zero, within the ids of a sandbox.
bool is_user_id(std::string_view text) noexcept {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  std::uint32_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  return parsed.ec == std::errc() && id < kUserIds;
}

bool is_user_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMostUserLength) return false;
  if (!is_lower(text.front()) && !is_upper(text.front()) && text.front() != '_') return false;
  return std::ranges::all_of(
      text, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_user_or_group(std::string_view text) noexcept {
  return is_user_id(text) || is_user_name(text);
}

bool is_image_component(std::string_view text) noexcept {
  static constexpr std::string_view kPunctuation = "._-:@";
  return !text.empty() && is_alnum(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || kPunctuation.contains(c); });
}

Result<> check_image(std::string_view image) {
  bool ok = image.size() <= kMostImageLength;
  for (std::string_view rest = image; ok;) {
    const std::size_t slash = rest.find('/');
    ok = is_image_component(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (!ok) return invalid("image: {} is not the name of an image", quote(image));
  return {};
}

Result<> check_string(std::string_view field, std::string_view text) {
  if (has_nul(text)) return invalid("{}: {} contains a NUL byte", field, quote(text));
  if (text.size() > kMostStringLength) {
    return invalid("{}: a string of {} bytes is longer than {}", field, text.size(),
                   kMostStringLength);
  }
  return {};
}

Result<> check_command(const std::vector<std::string>& argv) {
  if (argv.empty() || argv.front().empty()) return invalid("command: none is given");
  for (const std::string& argument : argv) WARREN_TRY(check_string("command", argument));
  return {};
}

Result<> check_variable_name(std::string_view name) {
  if (name.empty() || name.contains('=')) {
    return invalid("env: {} is not the name of a variable", quote(name));
  }
  return {};
}

Result<> check_environment(const std::map<std::string, std::string>& env) {
  for (const auto& [name, value] : env) {
    WARREN_TRY(check_variable_name(name));
    WARREN_TRY(check_string("env", name));
    WARREN_TRY(check_string("env", value));
    if (name.size() + value.size() + 1 > kMostStringLength) {  // execve(2) sees NAME=VALUE.
      return invalid("env: {} with its value is longer than {} bytes", quote(name),
                     kMostStringLength);
    }
  }
  return {};
}

Result<> check_total(const ProcessSpec& process) {
  std::size_t total = 0;
  for (const std::string& argument : process.argv) total += argument.size() + 1;
  for (const auto& [name, value] : process.env) total += name.size() + value.size() + 2;
  if (total >= kMostArgumentBytes) {
    return invalid("command: {} bytes of arguments and environment, where {} is too much", total,
                   kMostArgumentBytes);
  }
  if (const std::size_t count = process.argv.size() + process.env.size(); count > kMostStrings) {
    return invalid("command: {} arguments and variables, where {} are the most", count,
                   kMostStrings);
  }
  return {};
}

// Absolute, without ".", "..", empty components or a slash at the end.
bool is_normal_path(std::string_view path) noexcept {
  if (path == "/") return true;
  if (!path.starts_with('/')) return false;
  for (std::string_view rest = path.substr(1);;) {
    const std::size_t slash = rest.find('/');
    const std::string_view component = rest.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return false;
    if (slash == std::string_view::npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

Result<> check_workdir(const std::optional<std::string>& workdir) {
  if (!workdir) return {};
  if (has_nul(*workdir) || workdir->size() > kMostPathLength || !is_normal_path(*workdir)) {
    return invalid("workdir: {} is not an absolute path in its simplest form", quote(*workdir));
  }
  return {};
}

Result<> check_user(const std::optional<UserSpec>& user) {
  if (!user) return {};
  if (!is_user_or_group(user->user)) {
    return invalid("user: {} is neither a name nor a number below {}", quote(user->user), kUserIds);
  }
  if (!user->group.empty() && !is_user_or_group(user->group)) {
    return invalid("user: the group {} is neither a name nor a number below {}", quote(user->group),
                   kUserIds);
  }
  return {};
}

bool is_label_key(std::string_view key) noexcept {
  static constexpr std::string_view kPunctuation = "._/-";
  return !key.empty() && key.size() <= kMostLabelKeyLength &&
         std::ranges::all_of(key, [](char c) { return is_alnum(c) || kPunctuation.contains(c); });
}

Result<> check_labels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kMostLabels) {
    return invalid("label: {} are more than {}", labels.size(), kMostLabels);
  }
  for (const auto& [key, value] : labels) {
    if (!is_label_key(key)) {
      return invalid("label: the key {} is not 1 to {} of A-Z, a-z, 0-9, '.', '_', '/', '-'",
                     quote(key), kMostLabelKeyLength);
    }
    if (value.size() > kMostLabelValueLength || !std::ranges::all_of(value, is_printable)) {
      return invalid("label: the value {} of {} is not at most {} printable characters",
                     quote(value), quote(key), kMostLabelValueLength);
    }
  }
  return {};
}

Result<> check_priority(std::int32_t priority) {
  if (priority < -kMostPriority || priority > kMostPriority) {
    return invalid("priority: {} is not between {} and {}", priority, -kMostPriority,
                   kMostPriority);
  }
  return {};
}

Result<> check_sandbox(const SandboxSpec& sandbox) {
  WARREN_TRY(check_image(sandbox.image));
  if (sandbox.network == Network::kHost && sandbox.profile != Profile::kHost) {
    return invalid("network: the host's network needs the host profile");
  }
  return validate(sandbox.limits);
}

Result<> check_process(const ProcessSpec& process) {
  WARREN_TRY(check_command(process.argv));
  WARREN_TRY(check_environment(process.env));
  WARREN_TRY(check_total(process));
  WARREN_TRY(check_workdir(process.workdir));
  return check_user(process.user);
}

}  // namespace

Result<> validate_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMostNameLength;
  const bool spelled =
      std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (!fits || !spelled || name.starts_with('-') || name.ends_with('-') ||
      std::ranges::none_of(name, is_lower)) {
    return invalid("name: {} is not 1 to {} of a-z, 0-9 and inner '-', with at least one letter",
                   quote(name), kMostNameLength);
  }
  return {};
}

Result<std::pair<std::string, std::string>> parse_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return invalid("{} is not of the form NAME=VALUE", quote(text));
  }
  if (has_nul(text)) return invalid("{} contains a NUL byte", quote(text));
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<UserSpec> parse_user(std::string_view text) {
  const std::size_t colon = text.find(':');
  UserSpec user{.user = std::string(text.substr(0, colon)), .group = {}};
  if (colon != std::string_view::npos) {
    user.group = text.substr(colon + 1);
    if (user.group.empty()) return invalid("user: {} ends in an empty group", quote(text));
  }
  WARREN_TRY(check_user(user));
  return user;
}

Result<> validate(const JobSpec& spec) {
  WARREN_TRY(check_process(spec.process));
  WARREN_TRY(check_sandbox(spec.sandbox));
  if (!spec.name.empty()) WARREN_TRY(validate_name(spec.name));
  WARREN_TRY(check_labels(spec.labels));
  if (spec.parent && spec.parent->is_nil()) return invalid("parent: no node has the nil id");
  return check_priority(spec.priority);
}

}  // namespace warren::model
