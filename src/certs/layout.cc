// SPDX-License-Identifier: Apache-2.0

#include "certs/layout.h"

#include <array>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "certs/configuration_files.h"

namespace warren::certs {
namespace {

constexpr const char* kAuthority = "ca";
constexpr const char* kAuthorityCertificate = "ca.crt";
constexpr const char* kAuthorityKey = "ca.key";
constexpr const char* kDaemonFile = "joblet-config.yml";
constexpr const char* kJobletClientFile = "rnx-config.yml";
constexpr const char* kWarrenClientFile = "client.yaml";

struct Halves {
  std::optional<std::string> certificate;
  std::optional<std::string> key;
};

Result<Halves> read_authority(const Directory& directory) {
  Halves halves;
  halves.certificate = WARREN_TRY(directory.read(kAuthorityCertificate));
  halves.key = WARREN_TRY(directory.read(kAuthorityKey));
  return halves;
}

std::unexpected<Error> no_authority(const std::string& path) {
  return fail(Errc::kFailedPrecondition,
              "there is no authority in {}: 'warren certs init' makes one", quote(path));
}

std::unexpected<Error> half_missing(const Directory& directory, const Halves& halves) {
  const char* const missing = halves.key ? kAuthorityCertificate : kAuthorityKey;
  const char* const there = halves.key ? kAuthorityKey : kAuthorityCertificate;
  return fail(Errc::kFailedPrecondition,
              "{} has {} and no {}: an authority is never replaced; move {} away to make a new one",
              quote(directory.path()), there, missing, there);
}

// One file serves one client: it is not taken from another for being in the way.
Result<> check_owner(const std::string& path, std::string_view text, const std::string& name) {
  const auto found = context(parse_certificates(text), "{}", quote(path));
  if (!found) return std::unexpected(found.error());
  const std::string owner = common_name(*found->front());
  if (owner == name) return {};
  return fail(Errc::kAlreadyExists, "{} is that of {}: move it away first", quote(path),
              quote(owner));
}

}  // namespace

std::string usual_directory(Layout layout) {
  switch (layout) {
    case Layout::kWarren:
      return "/etc/warren/certs";
    case Layout::kJoblet:
      return "/opt/joblet/config";
    case Layout::kJobworker:
      return "certs";
  }
  std::unreachable();
}

Keeper::Keeper(Layout layout, Directory directory, Authority authority)
    : layout_(layout), directory_(std::move(directory)), authority_(std::move(authority)) {}

Result<Keeper> Keeper::open_or_create(Layout layout, const std::string& path) {
  Directory directory = WARREN_TRY(Directory::open_or_create(path));
  WARREN_TRY(directory.lock());
  const Halves halves = WARREN_TRY(read_authority(directory));
  if (halves.certificate || halves.key) return load(layout, std::move(directory));
  Authority created = WARREN_TRY(Authority::create());
  Keeper keeper(layout, std::move(directory), std::move(created));
  WARREN_TRY(keeper.write_pair(keeper.directory_, kAuthority, keeper.authority_.pem()));
  return keeper;
}

Result<Keeper> Keeper::open(Layout layout, const std::string& path) {
  auto opened = Directory::open_trusted(path);
  if (!opened && opened.error().code == Errc::kNotFound) return no_authority(path);
  Directory directory = WARREN_TRY(std::move(opened));
  WARREN_TRY(directory.lock());
  return load(layout, std::move(directory));
}

Result<Keeper> Keeper::load(Layout layout, Directory directory) {
  const Halves halves = WARREN_TRY(read_authority(directory));
  if (!halves.certificate && !halves.key) return no_authority(directory.path());
  if (!halves.certificate || !halves.key) return half_missing(directory, halves);
  Authority authority = WARREN_TRY(context(Authority::load({*halves.certificate, *halves.key}),
                                           "{}", quote(directory.path_of(kAuthorityCertificate))));
  return Keeper(layout, std::move(directory), std::move(authority));
}

Result<> Keeper::issue_server(const Request& request, const Address& address) {
  const Identity identity = WARREN_TRY(authority_.issue(request));
  if (layout_ != Layout::kJoblet) return write_pair(directory_, "server", identity);
  const Credentials credentials{identity, authority_.pem().certificate};
  const auto old = WARREN_TRY(directory_.read(kDaemonFile));
  if (!old) return write(directory_, kDaemonFile, daemon_file(credentials, address));
  const std::string renewed = WARREN_TRY(
      context(renew_daemon_file(*old, credentials), "{}", quote(directory_.path_of(kDaemonFile))));
  return write(directory_, kDaemonFile, renewed);
}

Result<> Keeper::issue_client(const Request& request, const Address& address) {
  const Identity identity = WARREN_TRY(authority_.issue(request));
  const Directory place = WARREN_TRY(directory_of_client(request.common_name));
  if (layout_ == Layout::kJobworker) return write_pair(place, "client", identity);
  const std::string file = layout_ == Layout::kJoblet ? kJobletClientFile : kWarrenClientFile;
  const Credentials credentials{identity, authority_.pem().certificate};
  const auto old = WARREN_TRY(place.read(file));
  if (!old) return write(place, file, client_file(credentials, address));
  WARREN_TRY(check_owner(place.path_of(file), *old, request.common_name));
  const std::string renewed =
      WARREN_TRY(context(renew_client_file(*old, credentials), "{}", quote(place.path_of(file))));
  return write(place, file, renewed);
}

Result<Directory> Keeper::directory_of_client(const std::string& name) const {
  if (layout_ == Layout::kJobworker) return directory_.below(name);
  if (layout_ == Layout::kJoblet) return Directory::open(directory_.path());
  const Directory clients = WARREN_TRY(directory_.below("clients"));
  return clients.below(name);
}

Result<> Keeper::write(const Directory& directory, const std::string& name, std::string_view text) {
  WARREN_TRY(directory.write(name, text));
  written_.push_back(directory.path_of(name));
  return {};
}

Result<> Keeper::write_pair(const Directory& directory, const std::string& name,
                            const Identity& identity) {
  const std::array<File, 2> files{File{.name = name + ".key", .text = identity.key},
                                  File{.name = name + ".crt", .text = identity.certificate}};
  WARREN_TRY(directory.write(files));
  for (const File& file : files) written_.push_back(directory.path_of(file.name));
  return {};
}

}  // namespace warren::certs
