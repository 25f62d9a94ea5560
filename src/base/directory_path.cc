// SPDX-License-Identifier: Apache-2.0

#include "base/directory_path.h"

#include <algorithm>

namespace warren {
namespace {

// `normal` has a slash before each of its names, and none at its end.
void append(std::string& normal, std::string_view component) {
  if (component.empty() || component == ".") return;
  if (component != "..") {
    normal.append("/").append(component);
  } else if (!normal.empty()) {
    normal.erase(normal.rfind('/'));
  }
}

}  // namespace

Result<std::string> parse_directory(std::string_view text) {
  if (!text.starts_with('/')) {
    return fail(Errc::kInvalidArgument, "'{}' is not an absolute path", text);
  }
  std::string normal;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    append(normal, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return normal.empty() ? "/" : normal;
}

std::string gateway_directory(std::string_view runtime_dir) {
  return std::string(runtime_dir) + "-gateway";
}

}  // namespace warren
