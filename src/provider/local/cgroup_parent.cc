// SPDX-License-Identifier: Apache-2.0

#include "provider/local/cgroup_parent.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <span>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/text_file.h"

namespace warren::provider {
namespace {

constexpr mode_t kMode = 0600;

// Nothing where no engine was here before, or its note cannot be used.
std::optional<cgroup::Parent> read_parent(const std::string& path) {
  const auto text = os::read_text(AT_FDCWD, path.c_str());
  if (!text || text->find('\n') == std::string::npos) return std::nullopt;
  return parse_parent(*text);
}

// Whole or not at all. A loss of power takes the groups with it, so it need not reach the disk.
Result<> write_parent(const std::string& path, const cgroup::Parent& parent) {
  const std::string unready = path + ".new";
  const os::UniqueFd file = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, unready.c_str(), O_WRONLY | O_CREAT | O_TRUNC, kMode),
                  "opening {}", unready));
  const std::string text = to_text(parent);
  WARREN_TRY(os::context(os::write_all(file.get(), std::as_bytes(std::span(text))), "writing {}",
                         unready));
  return os::context(os::call([&] { return ::rename(unready.c_str(), path.c_str()); }),
                     "renaming {}", unready);
}

// The tree below `parent`, where groups are left in it. One that has none is removed.
std::unique_ptr<cgroup::Tree> open_inhabited(std::string_view tag, const cgroup::Parent& parent) {
  auto tree = cgroup::Tree::open(tag, parent);
  if (!tree) return nullptr;  // What was above it is gone, and so is everything in it.
  const auto groups = (*tree)->list();
  if (groups && !groups->empty()) return *std::move(tree);
  if (const auto closed = (*tree)->close(); !closed) {
    spdlog::warn("removing the cgroups of an earlier engine: {}", closed.error().message);
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<cgroup::Tree>> open_cgroups(const std::filesystem::path& state_dir,
                                                   std::string_view tag,
                                                   const std::optional<std::string>& root) {
  const std::string path = state_dir / "cgroups";
  const cgroup::Parent wanted = WARREN_TRY(cgroup::own_parent(root));
  const auto earlier = read_parent(path);
  if (earlier && *earlier != wanted) {
    if (auto inhabited = open_inhabited(tag, *earlier)) {
      spdlog::info("jobs of an earlier engine keep the cgroups where that one was started");
      return inhabited;
    }
  }
  WARREN_TRY(write_parent(path, wanted));
  return cgroup::Tree::open(tag, wanted);
}

std::string to_text(const cgroup::Parent& parent) {
  return parent.root.value_or("") + '\n' + parent.cgroups;
}

cgroup::Parent parse_parent(std::string_view text) {
  const std::size_t end = text.find('\n');
  cgroup::Parent parent{.cgroups = std::string(text.substr(end + 1)), .root = {}};
  if (end > 0) parent.root = text.substr(0, end);
  return parent;
}

}  // namespace warren::provider
