// SPDX-License-Identifier: Apache-2.0

#include "certs/stage.h"

#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "certs/directory.h"
#include "certs/layout.h"
#include "certs/openssl.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::certs {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kFileMode = 0400;
constexpr const char* kAuthorityFile = "ca.crt";
constexpr const char* kCertificateFile = "server.crt";
constexpr const char* kKeyFile = "server.key";
constexpr const char* kCurrent = "current";
constexpr const char* kNext = ".next";

using Reader = std::optional<os::Account>;

std::unexpected<Error> missing(const std::string& path, const std::string& directory) {
  const bool is_usual = directory == usual_directory(Layout::kWarren);
  return fail(Errc::kFailedPrecondition, "there is no {}: 'warren certs init{}' makes it",
              quote(path), is_usual ? "" : " --dir " + directory);
}

Result<std::string> read_required(const Directory& directory, const char* name) {
  std::optional<std::string> text = WARREN_TRY(directory.read(name));
  if (text) return *std::move(text);
  return missing(directory.path_of(name), directory.path());
}

template <typename T>
Result<T> readable(Result<T> parsed, const char* name) {
  if (parsed) return parsed;
  return fail(Errc::kFailedPrecondition, "{}: {}", name, parsed.error().message);
}

bool has_issued(const Certificate& issuer, const Certificate& certificate) {
  EVP_PKEY* const key = ::X509_get0_pubkey(issuer.get());
  return ::X509_check_issued(issuer.get(), certificate.get()) == X509_V_OK && key != nullptr &&
         ::X509_verify(certificate.get(), key) == 1;
}

os::KernelResult<> give(int file, const os::Account& owner, mode_t mode) {
  const auto given = os::call([&] { return ::fchown(file, owner.uid, owner.gid); });
  if (!given) return given;
  return os::call([&] { return ::fchmod(file, mode); });
}

// Makes it, and opens what is there in either case. The mode is set whatever the umask.
os::KernelResult<os::UniqueFd> make_directory(int parent, const char* name, const Reader& reader) {
  const auto made = os::make_directory(parent, name, kDirectoryMode);
  if (!made && made.error().value != EEXIST) return std::unexpected(made.error());
  os::UniqueFd directory = WARREN_TRY(os::open_at(parent, name, O_RDONLY | O_DIRECTORY));
  if (!made) return directory;
  const os::Account owner{::geteuid(), reader ? reader->gid : ::getegid()};
  WARREN_TRY(give(directory.get(), owner, kDirectoryMode));
  return directory;
}

os::KernelResult<> write_file(int directory, const char* name, std::string_view text,
                              const Reader& reader) {
  const os::UniqueFd file =
      WARREN_TRY(os::open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
  WARREN_TRY(os::write_all(file.get(), std::as_bytes(std::span(text))));
  return give(file.get(), reader.value_or(os::Account{::geteuid(), ::getegid()}), kFileMode);
}

os::KernelResult<> write_all_files(int directory, const ServerFiles& files, const Reader& reader) {
  const std::array<std::pair<const char*, std::string_view>, 3> contents{
      {{kAuthorityFile, files.authority},
       {kCertificateFile, files.certificate},
       {kKeyFile, files.key}}};
  for (const auto& [name, text] : contents) {
    WARREN_TRY(write_file(directory, name, text, reader));
  }
  return {};
}

std::optional<std::uint64_t> number_of(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::uint64_t number_after(const std::vector<std::string>& names) {
  std::uint64_t last = 0;
  for (const std::string& name : names) last = std::max(last, number_of(name).value_or(0));
  return last + 1;
}

os::KernelResult<> point_at(int directory, const std::string& target) {
  // Of a process that was killed; the lock keeps others from having one.
  std::ignore = os::call([&] { return ::unlinkat(directory, kNext, 0); });
  WARREN_TRY(os::call([&] { return ::symlinkat(target.c_str(), directory, kNext); }));
  return os::call([&] { return ::renameat(directory, kNext, directory, kCurrent); });
}

// Whatever a reader still has open stays as it is.
void remove_all_but(const Directory& directory, const std::string& kept) {
  const auto names = directory.names();
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    std::error_code ignored;  // What stays goes with the next one.
    if (number_of(name) && name != kept) {
      std::filesystem::remove_all(directory.path_of(name), ignored);
    }
  }
}

}  // namespace

Result<ServerFiles> read_server_files(const std::string& directory) {
  Result<Directory> opened = Directory::open_trusted(directory);
  if (!opened && opened.error().code == Errc::kNotFound) return missing(directory, directory);
  const Directory source = WARREN_TRY(std::move(opened));
  ServerFiles files;
  files.authority = WARREN_TRY(read_required(source, kAuthorityFile));
  files.certificate = WARREN_TRY(read_required(source, kCertificateFile));
  files.key = WARREN_TRY(read_required(source, kKeyFile));
  return files;
}

Result<> check_server_files(const ServerFiles& files) {
  auto issuers = WARREN_TRY(readable(parse_certificates(files.authority), kAuthorityFile));
  auto chain = WARREN_TRY(readable(parse_certificates(files.certificate), kCertificateFile));
  const Key key = WARREN_TRY(readable(parse_key(files.key), kKeyFile));
  const Certificate own = std::move(chain.front());
  std::move(chain.begin() + 1, chain.end(), std::back_inserter(issuers));
  if (::X509_check_private_key(own.get(), key.get()) != 1) {
    std::ignore = openssl_failure("");  // It has said the same in its queue of errors.
    return fail(Errc::kFailedPrecondition, "{} is not the key of {}", kKeyFile, kCertificateFile);
  }
  if (std::ranges::any_of(issuers,
                          [&](const Certificate& issuer) { return has_issued(issuer, own); })) {
    return {};
  }
  return fail(Errc::kFailedPrecondition, "{} was not issued by {}", kCertificateFile,
              kAuthorityFile);
}

Result<> stage(const ServerFiles& files, const std::string& gateway_directory,
               const std::optional<os::Account>& reader) {
  WARREN_TRY(check_server_files(files));
  const std::string path = gateway_directory + "/tls";
  const os::UniqueFd outer =
      WARREN_TRY(os::context(make_directory(AT_FDCWD, gateway_directory.c_str(), reader),
                             "making {}", quote(gateway_directory)));
  const os::UniqueFd inner =
      WARREN_TRY(os::context(make_directory(outer.get(), "tls", reader), "making {}", quote(path)));
  const Directory directory = WARREN_TRY(Directory::open(path));
  WARREN_TRY(directory.lock());
  const std::vector<std::string> there = WARREN_TRY(directory.names());
  const std::string name = fmt::format("{}", number_after(there));
  const os::UniqueFd made =
      WARREN_TRY(os::context(make_directory(inner.get(), name.c_str(), reader), "making {}",
                             quote(directory.path_of(name))));
  WARREN_TRY(os::context(write_all_files(made.get(), files, reader), "writing to {}",
                         quote(directory.path_of(name))));
  WARREN_TRY(
      os::context(point_at(inner.get(), name), "setting {}", quote(directory.path_of(kCurrent))));
  remove_all_but(directory, name);
  return {};
}

}  // namespace warren::certs
