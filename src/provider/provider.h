// SPDX-License-Identifier: Apache-2.0
//
// Where sandboxes live. The engine decides what shall exist; a provider makes it, watches it and
// takes it away. Every blocking step runs on threads of the provider; completions and observer
// calls may come from any thread, never from within the call that asked for them.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/node_id.h"
#include "base/result.h"
#include "model/node.h"
#include "os/unique_fd.h"
#include "provider/start_stages.h"

namespace warren::provider {

template <typename T = void>
using Done = std::move_only_function<void(Result<T>)>;

// What this host can enforce, for `warren doctor`.
struct Check {
  enum class Verdict : std::uint8_t { kOk, kLimited, kMissing };
  std::string name;  // "limit.memory"
  Verdict verdict = Verdict::kOk;
  std::string detail;  // How it is done, or why not and how to get it.
};

// Where people who know another system look for a job. Empty: nowhere but where it is anyway.
struct JobPlaces {
  std::string
      output_link;    // Absolute. Leads to the directory of its output as long as that is kept.
  std::string group;  // "jobs/<id>": its cgroup, below the provider's own.
  friend bool operator==(const JobPlaces&, const JobPlaces&) = default;
};

// A command to start in a sandbox that is made for it.
struct JobOrder {
  NodeId sandbox;
  NodeId process;
  model::JobSpec spec;
  std::string footprint;          // From reserve().
  std::vector<NodeId> ancestors;  // Sandboxes whose limits enclose this one, outermost first.
  std::string output_link = {};   // Of its places.
};

struct Started {
  Timestamp at{};
  // The write end of the command's standard input, where the spec asked for a pipe. The sandbox
  // holds it too, until release_input().
  os::UniqueFd input = {};
  std::optional<StartStages> stages = {};  // Absent where the command's end was heard of first.
};

// How a command ended. Written to disk by the sandbox's init before anybody hears of it.
struct Ended {
  NodeId process;
  Timestamp at{};
  // As of waitpid(2); absent when init died before it could record one.
  std::optional<int> wait_status;
  // Set when the command never ran: the stage of the launch that failed, and the whole sentence.
  std::string failed_stage;
  std::string message;
  bool out_of_memory = false;
  bool out_of_disk = false;  // A write by the sandbox met its disk limit.
  Bytes stdout_bytes;
  Bytes stderr_bytes;
  Bytes lost_bytes;
  model::Usage usage;
};

// Where a live sandbox's processes are on this machine.
struct Whereabouts {
  static constexpr std::size_t kMostAttached = 4096;

  pid_t pid = 0;                // Of the command; 0: not known.
  std::string cgroup;           // The directory.
  std::vector<pid_t> attached;  // All of them, or the first kMostAttached.
};

// Read-only descriptors of a process's output. docs/reference/log-format.md describes the index.
struct LogFiles {
  os::UniqueFd stdout_file;
  os::UniqueFd stderr_file;
  os::UniqueFd index;
  // While the process lives: an epoll of the caller's own, to be watched with EPOLLET, that becomes
  // ready after each growth. Nothing can be done through it that others would notice.
  os::UniqueFd event = {};
};

class Observer {
 public:
  virtual ~Observer() = default;
  // Once for each command that was started or adopted.
  virtual void ended(Ended how) = 0;
};

class Provider {
 public:
  virtual ~Provider() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::vector<Check> checks() const = 0;

  // Who hears of ends. Set once, before anything is started.
  virtual void observe(Observer& observer) = 0;

  // Whether this host can hold every limit and offers the image and profile. Does not block.
  [[nodiscard]] virtual Result<> check(const model::JobSpec& spec) const = 0;

  // The plan that init would receive for `spec`, as text. Makes nothing.
  [[nodiscard]] virtual Result<std::string> plan_text(const model::JobSpec& spec) = 0;

  // Sets aside what a sandbox needs of its own (a range of user ids, the name of its cgroup) and
  // returns it in a form that adopt() understands; destroy() gives it back. Makes nothing that
  // outlives this program. Does not block.
  [[nodiscard]] virtual Result<std::string> reserve(const NodeId& sandbox,
                                                    const model::SandboxSpec& spec,
                                                    const JobPlaces& places) = 0;

  // Makes the sandbox's writable layer and hands out a pipe that takes one tar archive, which is
  // unpacked below its /work. `unpacked` follows once the archive is complete or refused. `opened`
  // fails with kResourceExhausted while too many are under way; one that was told `unpacked` is
  // not.
  virtual void upload(const JobOrder& order, Done<os::UniqueFd> opened, Done<> unpacked) = 0;

  // Makes the sandbox and starts the command. On failure nothing of it is left; Error's message
  // then says stage, operand and reason, and `failed_stage()` its stage.
  virtual void start(JobOrder order, Done<Started> done) = 0;

  // The write end of an adopted command's standard input, once more; an invalid descriptor where
  // there is none, or it has been released.
  virtual void take_input(const NodeId& sandbox, Done<os::UniqueFd> done) = 0;
  // Whoever is to write has the input by now, or nobody is to: the command sees its end as soon as
  // no other descriptor of it is open. Until then a later engine can take it. Does not block.
  virtual void release_input(const NodeId& sandbox) = 0;

  // Connects to `port` of the sandbox's own loopback. kUnavailable when nobody listens there. The
  // socket is non-blocking; what is at its other end is the workload.
  virtual void dial(const NodeId& sandbox, std::uint16_t port, Done<os::UniqueFd> done) = 0;

  // Signals every process of the sandbox; kill() does it so that none escapes.
  virtual void signal(const NodeId& sandbox, int signal, Done<> done) = 0;
  virtual void kill(const NodeId& sandbox, Done<> done) = 0;
  virtual void freeze(const NodeId& sandbox, Done<> done) = 0;
  virtual void thaw(const NodeId& sandbox, Done<> done) = 0;

  // Kills what is left in the sandbox and removes everything that was made for it. Idempotent.
  virtual void destroy(const NodeId& sandbox, Done<> done) = 0;

  virtual void usage(std::vector<NodeId> sandboxes, Done<std::vector<model::Usage>> done) = 0;
  virtual void look(const NodeId& sandbox, Done<Whereabouts> done) = 0;

  [[nodiscard]] virtual Result<LogFiles> open_log(const NodeId& process) = 0;
  virtual void remove_log(const NodeId& process, Done<> done) = 0;

  // What a sandbox that an earlier engine made has become.
  struct Adoption {
    NodeId sandbox;
    NodeId process;
    std::string footprint;
    std::optional<Bytes> disk_limit = {};
    std::optional<Bytes> log_limit = {};
    bool running = false;  // Its observer call will follow.
    bool started = false;  // The command had been started at all.
    std::optional<Timestamp> started_at;
  };
  // Connects again to the inits of `sandboxes` and reports the ends that were recorded meanwhile to
  // the observer; then removes whatever none of them claims, or with kNo leaves and logs it.
  enum class Sweep : bool { kNo, kYes };
  virtual void adopt(std::vector<Adoption> sandboxes, Sweep sweep,
                     Done<std::vector<Adoption>> done) = 0;

  // Removes what only serves to make sandboxes (pools, own cgroups, mounts), provided that no
  // sandbox is left; otherwise leaves everything to the next engine.
  virtual void close(Done<> done) = 0;
};

}  // namespace warren::provider
