// SPDX-License-Identifier: Apache-2.0

#include "certs/expiry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "certs/directory.h"
#include "certs/openssl.h"

namespace warren::certs {
namespace {

using std::chrono::sys_seconds;

constexpr int kLevelsBelow = 2;
constexpr std::array<std::string_view, 6> kFiles = {
    "ca.crt", "server.crt", "client.crt", "client.yaml", "joblet-config.yml", "rnx-config.yml"};

std::string date_of(sys_seconds time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

Finding check_file(const Directory& directory, const std::string& name, sys_seconds now) {
  std::string path = directory.path_of(name);
  const auto text = directory.read(name);
  if (!text) return {Verdict::kLimited, std::move(path), text.error().message};
  const auto end = first_end(text->value_or(""));
  if (!end) return {Verdict::kLimited, std::move(path), end.error().message};
  return judge(std::move(path), *end, now);
}

void check_below(const Directory& directory, int levels, sys_seconds now,
                 std::vector<Finding>& findings) {
  const auto names = directory.names();
  if (!names) {
    findings.push_back({Verdict::kLimited, directory.path(), names.error().message});
    return;
  }
  for (const std::string& name : *names) {
    if (std::ranges::find(kFiles, name) != kFiles.end()) {
      findings.push_back(check_file(directory, name, now));
    } else if (levels > 0) {
      // Whatever is no directory, or not for this user, has no certificates to speak of.
      const auto below = Directory::open(directory.path_of(name));
      if (below) check_below(*below, levels - 1, now, findings);
    }
  }
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kLimited:
      return "limited";
    case Verdict::kMissing:
      return "missing";
  }
  std::unreachable();
}

Result<sys_seconds> first_end(std::string_view text) {
  const std::vector<Certificate> certificates = WARREN_TRY(parse_certificates(text));
  sys_seconds first = sys_seconds::max();
  for (const Certificate& certificate : certificates) {
    const sys_seconds end = WARREN_TRY(end_of(*certificate));
    first = std::min(first, end);
  }
  return first;
}

Finding judge(std::string path, sys_seconds end, sys_seconds now) {
  const std::string date = date_of(end);
  if (end <= now) {
    return {Verdict::kMissing, std::move(path), fmt::format("ended on {}: renew it", date)};
  }
  const auto left = std::chrono::floor<std::chrono::days>(end - now);
  if (end - now > kWarningPeriod) {
    return {Verdict::kOk, std::move(path), fmt::format("ends on {}", date)};
  }
  return {Verdict::kLimited, std::move(path),
          fmt::format("ends on {} (days left: {}): renew it", date, left.count())};
}

std::vector<Finding> check_directory(const std::string& path, sys_seconds now) {
  std::vector<Finding> findings;
  const auto directory = Directory::open(path);
  if (directory) {
    check_below(*directory, kLevelsBelow, now, findings);
  } else if (directory.error().code != Errc::kNotFound) {
    findings.push_back({Verdict::kLimited, path, directory.error().message});
  }
  return findings;
}

}  // namespace warren::certs
