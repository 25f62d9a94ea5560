// SPDX-License-Identifier: Apache-2.0

#include "gateway/options.h"

#include <string_view>

#include "base/directory_path.h"
#include "base/option_words.h"

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
  const auto words = WARREN_TRY(parse_option_words(arguments));
  options.shows_help = !words;
  if (!words) return options;
  for (const auto& [flag, value] : *words) WARREN_TRY(set_option(options, flag, value));
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
