// SPDX-License-Identifier: Apache-2.0

#include "engine/options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "base/directory_path.h"
#include "base/option_words.h"

namespace warren::engine {
namespace {

Result<std::filesystem::path> directory(const char* variable, const char* usual) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return usual;
  return WARREN_TRY(context(parse_directory(text), "{}", variable));
}

std::optional<std::string> cgroup_root() {
  const char* const text = std::getenv("WARREN_CGROUP_ROOT");
  if (text == nullptr || *text == '\0') return std::nullopt;
  return text;
}

Result<int> parse_descriptor(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return fail(Errc::kInvalidArgument, "--ready-fd: '{}' is not a descriptor", text);
}

Result<> set_option(Options& options, std::string_view flag, std::string_view value) {
  if (flag == "--state-dir") {
    options.places.state_dir = WARREN_TRY(context(parse_directory(value), "{}", flag));
  } else if (flag == "--runtime-dir") {
    options.places.runtime_dir = WARREN_TRY(context(parse_directory(value), "{}", flag));
  } else if (flag == "--config") {
    options.config_file = std::filesystem::path(value);
  } else if (flag == "--ready-fd") {
    options.ready_fd = WARREN_TRY(parse_descriptor(value));
  } else if (flag == "--log" && value == "stderr") {
    options.logs_to = LogsTo::kStderr;
  } else {
    return fail(Errc::kInvalidArgument, "there is no option '{}': try --help", flag);
  }
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<char* const> arguments) {
  Options options;
  options.places.state_dir = WARREN_TRY(directory("WARREN_STATE_DIR", kUsualStateDir));
  options.places.runtime_dir = WARREN_TRY(directory("WARREN_RUNTIME_DIR", "/run/warren"));
  options.cgroup_root = cgroup_root();
  const auto words = WARREN_TRY(parse_option_words(arguments));
  options.shows_help = !words;
  if (!words) return options;
  for (const auto& [flag, value] : *words) WARREN_TRY(set_option(options, flag, value));
  return options;
}

std::string usage_text() {
  return "usage: warrend [--state-dir DIR] [--runtime-dir DIR] [--config FILE] [--ready-fd N]\n"
         "               [--log stderr]\n"
         "\n"
         "Runs Warren's engine in the foreground. People start it with 'warren serve'.\n";
}

}  // namespace warren::engine
