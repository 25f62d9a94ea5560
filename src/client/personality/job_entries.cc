// SPDX-License-Identifier: Apache-2.0

#include "client/personality/job_entries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/node_id.h"
#include "base/quote.h"
#include "base/size.h"
#include "face/jobworker.h"

namespace warren::client {
namespace {

constexpr double kMicrosOfSecond = 1e6;

// On one line, whatever a command's words are made of.
std::string one_line(std::string_view text) {
  return without_controls(text, ' ');
}

std::string_view class_text(v1::Limits::IoClass io_class) {
  switch (io_class) {
    case v1::Limits::IO_CLASS_LOW:
      return "low";
    case v1::Limits::IO_CLASS_MEDIUM:
      return "med";
    case v1::Limits::IO_CLASS_HIGH:
      return "high";
    default:
      return "none";
  }
}

std::string limits_line(const v1::Limits& limits) {
  std::vector<std::string> parts;
  parts.push_back(limits.has_cpu_percent() ? fmt::format("cpu {} % of a core", limits.cpu_percent())
                                           : "cpu max");
  parts.push_back(limits.has_memory_bytes()
                      ? fmt::format("memory {}", to_text(Bytes{limits.memory_bytes()}))
                      : "memory max");
  parts.push_back(fmt::format("io {}", class_text(limits.io_class())));
  if (limits.io_direct_only()) parts.back() += " (direct I/O alone where the host has no more)";
  if (limits.has_pids()) parts.push_back(fmt::format("pids {}", limits.pids()));
  if (limits.has_log_bytes()) {
    parts.push_back(fmt::format("log {}", to_text(Bytes{limits.log_bytes()})));
  }
  return fmt::format("  limits: {}\n", fmt::join(parts, ", "));
}

std::string usage_lines(const v1::Usage& usage) {
  return fmt::format(
      "  usage: cpu {:.3f} s, memory {} bytes, at most {}, read {}, written {}, pids {}\n"
      "  throttled: {:.3f} s\n",
      static_cast<double>(usage.cpu_usec()) / kMicrosOfSecond, usage.memory_bytes(),
      usage.memory_peak_bytes(), usage.io_read_bytes(), usage.io_write_bytes(), usage.pids(),
      static_cast<double>(usage.throttled_usec()) / kMicrosOfSecond);
}

// Of a job that was quicker than the question there is nothing to be seen any more.
std::string place_lines(const v1::Node& job) {
  if (job.cgroup().empty()) return "  pid, cgroup: it had ended before they could be seen\n";
  return fmt::format("  pid: {}\n  cgroup: {}\n  attached pids: {}\n", job.pid(), job.cgroup(),
                     fmt::join(job.attached_pids(), " "));
}

}  // namespace

std::string note_entry(Timestamp now, std::string_view sentence) {
  return fmt::format("{} {}\n", to_rfc3339(now), one_line(sentence));
}

std::string start_entry(Timestamp now, const v1::Node& job) {
  const std::string command = one_line(fmt::format("{}", fmt::join(job.command(), " ")));
  return fmt::format("{} job {} of {} runs: {}\n{}{}{}", to_rfc3339(now), job.id(), job.owner(),
                     command, place_lines(job), limits_line(job.limits()),
                     usage_lines(job.usage()));
}

std::string end_entry(Timestamp now, const v1::Node& job) {
  const face::jobworker::proto::JobMetadata metadata = face::jobworker::metadata_of(job);
  std::string text = fmt::format(
      "{} job {} of {} has ended: {} exit_code={} {}\n", to_rfc3339(now), job.id(), job.owner(),
      face::jobworker::proto::JobStatus_Name(metadata.status()), metadata.exit_code(), job.cause());
  if (!job.message().empty()) text += fmt::format("  message: {}\n", one_line(job.message()));
  return text + limits_line(job.limits()) + usage_lines(job.usage());
}

// "TIME job ID of OWNER runs: ..." or "TIME job ID of OWNER has ended: ...": no word has a blank.
std::optional<LoggedStep> parse_entry(std::string_view line) {
  std::array<std::string_view, 6> words;
  for (std::string_view& word : words) {
    const std::size_t end = std::min(line.find(' '), line.size());
    word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto& [time, kind, job, of, owner, step] = words;
  const bool has_ended = step == "has" && line.starts_with("ended: ");
  if (kind != "job" || of != "of" || (step != "runs:" && !has_ended)) return std::nullopt;
  if (time.starts_with('|') || !NodeId::parse(job)) return std::nullopt;  // A job's own words.
  return LoggedStep{.job = std::string(job), .has_ended = has_ended};
}

std::string dump_entry(const std::string& id, const Dump& dump) {
  std::string text = fmt::format("----- {} of job {}: the last {} of {} bytes -----\n", dump.stream,
                                 id, dump.bytes.size(), dump.size);
  std::string_view rest = dump.bytes;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text.append("| ").append(rest.substr(0, end)).push_back('\n');
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text + fmt::format("----- end of {} of job {} -----\n", dump.stream, id);
}

}  // namespace warren::client
