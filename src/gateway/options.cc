// SPDX-License-Identifier: Apache-2.0

#include "gateway/options.h"

#include <string_view>

#include "base/directory_path.h"

namespace warren::gateway {
namespace {

Result<> set_option(Options& options, std::string_view flag, std::string_view value) {
  if (flag == "--config") {
    options.config_file = std::filesystem::path(value);
  } else if (flag == "--runtime-dir") {
    options.runtime_dir = WARREN_TRY(context(parse_directory(value), "{}", flag));
  } else if (flag == "--user") {
    options.user = std::string(value);
  } else if (flag == "--listen") {
    options.listen = std::string(value);
  } else {
    return fail(Errc::kInvalidArgument, "there is no option '{}': try --help", flag);
  }
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<char* const> arguments) {
  Options options;
  for (std::size_t next = 1; next < arguments.size(); ++next) {
    const std::string_view word = arguments[next];
    if (word == "--help") {
      options.shows_help = true;
      return options;
    }
    const std::size_t equals = word.find('=');
    const bool has_value = equals != std::string_view::npos;
    if (!has_value && ++next == arguments.size()) {
      return fail(Errc::kInvalidArgument, "{}: a value is missing, or there is no such option",
                  word);
    }
    const std::string_view value = has_value ? word.substr(equals + 1) : arguments[next];
    WARREN_TRY(set_option(options, word.substr(0, equals), value));
  }
  return options;
}

std::string usage_text() {
  return "usage: warren-gateway [--config FILE] [--runtime-dir DIR] [--user NAME]\n"
         "                      [--listen ADDRESS:PORT]\n"
         "\n"
         "Lets clients on the network call the engine of this runtime directory, through gRPC and\n"
         "with certificates. Runs in the foreground, as NAME when root starts it, and says\n"
         "'listening on ADDRESS:PORT' once it does.\n";
}

}  // namespace warren::gateway
