// SPDX-License-Identifier: Apache-2.0

#include "certs/commands.h"

#include <chrono>

#include "base/quote.h"
#include "certs/directory.h"
#include "certs/expiry.h"
#include "certs/stage.h"

namespace warren::certs {
namespace {

// The subject of a server is no user's name: what counts are its alternative names.
constexpr const char* kServerName = "server";

std::string directory_of(const Flags& flags) {
  return flags.directory.empty() ? usual_directory(flags.layout) : flags.directory;
}

// A field of a line, whatever bytes a path or an error has.
std::string field(std::string_view text) {
  return without_controls(text, '?');
}

}  // namespace

Result<Written> init(const Flags& flags, const std::vector<std::string>& names) {
  const Address address = WARREN_TRY(parse_address(flags.address));
  std::vector<std::string> others = {address.host.text};
  others.insert(others.end(), names.begin(), names.end());
  Request request{Purpose::kServer, kServerName, "", {}, std::chrono::days(flags.days)};
  request.names = WARREN_TRY(server_names(others));
  Keeper keeper = WARREN_TRY(Keeper::open_or_create(flags.layout, directory_of(flags)));
  WARREN_TRY(keeper.issue_server(request, address));
  return keeper.written();
}

Result<Written> issue(const Flags& flags, const std::string& name, const std::string& role) {
  WARREN_TRY(validate_user_name(name));
  const Address address = WARREN_TRY(parse_address(flags.address));
  const Request request{Purpose::kClient, name, role, {}, std::chrono::days(flags.days)};
  Keeper keeper = WARREN_TRY(Keeper::open(flags.layout, directory_of(flags)));
  WARREN_TRY(keeper.issue_client(request, address));
  return keeper.written();
}

Result<std::string> check(const std::vector<std::string>& directories) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::vector<std::string> usual = {usual_directory(Layout::kWarren),
                                          usual_directory(Layout::kJoblet)};
  std::string lines;
  for (const std::string& directory : directories.empty() ? usual : directories) {
    const auto opened = Directory::open(directory);
    const bool is_missing = !opened && opened.error().code == Errc::kNotFound;
    if (is_missing && !directories.empty()) return std::unexpected(opened.error());
    for (const Finding& finding : check_directory(directory, now)) {
      lines += fmt::format("{}\t{}\t{}\n", to_text(finding.verdict), field(finding.path),
                           field(finding.detail));
    }
  }
  return lines;
}

Result<> stage_for(const std::string& user, const std::string& directory,
                   const std::string& gateway_directory) {
  const os::Account reader = WARREN_TRY(os::find_unprivileged_account(user));
  const ServerFiles files = WARREN_TRY(read_server_files(directory));
  return context(stage(files, gateway_directory, reader), "staging {}", directory);
}

}  // namespace warren::certs
