// SPDX-License-Identifier: Apache-2.0
//
// Where the processes of a sandbox are on this machine, for people.

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "os/text_file.h"
#include "provider/local/local_sandboxes.h"

namespace warren::provider {
namespace {

// The number of process `pid` in the pid namespace below this one; 0 where it is in none, or gone.
pid_t number_below(pid_t pid) {
  constexpr std::string_view kName = "\nNSpid:\t";
  const auto status = os::read_text(AT_FDCWD, fmt::format("/proc/{}/status", pid).c_str());
  const std::size_t found = status ? status->find(kName) : std::string::npos;
  if (found == std::string::npos) return 0;
  const std::string_view rest = std::string_view(*status).substr(found + kName.size());
  const std::string_view line = rest.substr(0, rest.find('\n'));
  const std::size_t second = line.find('\t');
  pid_t number = 0;
  if (second != std::string_view::npos) {
    std::from_chars(line.data() + second + 1, line.data() + line.size(), number);
  }
  return number;
}

// Which of `members` the command is that init has told of. In the host profile init counts as the
// engine does.
pid_t command_among(const std::vector<pid_t>& members, pid_t told, bool is_isolated) {
  if (!is_isolated || told == 0) return told;
  const auto found =
      std::ranges::find_if(members, [told](pid_t pid) { return number_below(pid) == told; });
  return found == members.end() ? 0 : *found;
}

}  // namespace

void LocalSandboxes::look(const NodeId& id, Done<Whereabouts> done) {
  controller_->post([this, id, done = std::move(done)]() mutable { done(whereabouts_of(id)); });
}

Result<Whereabouts> LocalSandboxes::whereabouts_of(const NodeId& id) {
  const SandboxPtr sandbox = find(id);
  if (!sandbox) return fail(Errc::kNotFound, "there is no sandbox {}", id.to_text());
  Whereabouts where;
  where.cgroup = WARREN_TRY(parts_.cgroups->path(sandbox->group));
  where.attached = WARREN_TRY(parts_.cgroups->members(sandbox->group));
  if (where.attached.size() > Whereabouts::kMostAttached) {
    where.attached.resize(Whereabouts::kMostAttached);
  }
  pid_t told = 0;
  bool is_isolated = false;
  {
    const std::lock_guard lock(mutex_);
    told = sandbox->command;
    is_isolated = ranges_.contains(id);
  }
  where.pid = command_among(where.attached, told, is_isolated);
  return where;
}

}  // namespace warren::provider
