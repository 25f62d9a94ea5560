// SPDX-License-Identifier: Apache-2.0

#include "client/places.h"

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <system_error>

#include "base/directory_path.h"

namespace warren::client {
namespace {

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const std::string& candidate : candidates) {
    if (!candidate.empty()) return candidate;
  }
  return {};
}

Result<> make_absolute(std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return fail(Errc::kInvalidArgument, "{}: {}", path, error.message());
  path = WARREN_TRY(parse_directory(absolute.native()));
  return {};
}

}  // namespace

Result<Places> find_places(const PlaceFlags& flags) {
  Places places;
  places.config = flags.config;
  places.state_dir =
      first_of({flags.state_dir, from_environment("WARREN_STATE_DIR"), "/var/lib/warren"});
  places.runtime_dir =
      first_of({flags.runtime_dir, from_environment("WARREN_RUNTIME_DIR"), "/run/warren"});
  places.socket = flags.engine;
  for (std::string* path :
       {&places.config, &places.state_dir, &places.runtime_dir, &places.socket}) {
    WARREN_TRY(make_absolute(*path));
  }
  if (places.socket.empty()) places.socket = places.runtime_dir + "/engine.sock";
  return places;
}

}  // namespace warren::client
