// SPDX-License-Identifier: Apache-2.0

#include "base/entry_path.h"

#include <algorithm>
#include <climits>

namespace warren {

Result<std::string> entry_path(std::string_view name) {
  if (name.empty()) return fail(Errc::kInvalidArgument, "an entry has no name");
  if (name.size() >= PATH_MAX) return fail(Errc::kInvalidArgument, "the name is too long");
  if (name.contains('\0')) return fail(Errc::kInvalidArgument, "the name has a NUL in it");
  if (name.front() == '/') return fail(Errc::kInvalidArgument, "the name is absolute");

  std::string path;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view component = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") return fail(Errc::kInvalidArgument, "the name has '..' in it");
    if (component.size() > NAME_MAX) return fail(Errc::kInvalidArgument, "the name is too long");
    if (!path.empty()) path += '/';
    path += component;
  }
  return path;
}

}  // namespace warren
