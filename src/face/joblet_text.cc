// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/quote.h"
#include "face/joblet.h"

namespace warren::face::joblet {
namespace {

using Row = std::array<std::string, 4>;

std::string printable(std::string_view text) {
  return without_controls(text, '?');
}

// "Name: value", and nothing where there is no value.
std::string line(std::string_view name, std::string_view value) {
  return value.empty() ? "" : fmt::format("{}: {}\n", name, printable(value));
}

std::string limit_line(std::string_view name, std::int32_t value, std::string_view unit) {
  return value == 0 ? "" : fmt::format("{}: {}{}\n", name, value, unit);
}

template <typename Message>
std::string command_of(const Message& job) {
  std::string command = job.command();
  for (const std::string& word : job.args()) command += ' ' + word;
  return command;
}

// In characters, not bytes, of UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Row row_of(const v2_10::Job& job) {
  return {printable(job.id()), printable(job.status()),
          job.start_time().empty() ? "N/A" : printable(job.start_time()),
          printable(command_of(job))};
}

// The last column is as wide as it likes.
std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 3> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths.at(i) = std::max(widths.at(i), width_of(row.at(i)));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += row.at(i);
      text.append(widths.at(i) - width_of(row.at(i)) + 2, ' ');
    }
    text += row.back() + '\n';
  }
  return text;
}

constexpr std::array<std::string_view, 3> kBuiltIn{"none", "isolated", "bridge"};

std::string or_none(std::string_view text) {
  return text.empty() ? "N/A" : printable(text);
}

// `text` and blanks up to `width` characters.
std::string padded(std::string text, std::size_t width) {
  text.append(width - std::min(width, width_of(text)), ' ');
  return text;
}

// Of widths that scripts know; what is wider moves the rest of its line.
std::string network_row(const Row& row) {
  return fmt::format("{} {} {} {}\n", padded(row[0], 14), padded(row[1], 18), padded(row[2], 15),
                     row[3]);
}

}  // namespace

std::string started_text(const v2_10::RunJobRes& job, const Asked& asked) {
  std::string text = "Job started:\n";
  text += line("ID", job.id());
  text += line("Command", command_of(job));
  text += line("Status", job.status());
  if (asked.schedule.empty()) {
    text += line("StartTime", job.start_time());
  } else {
    text += line("Schedule Input", asked.schedule);
    text += line("Scheduled Time", job.scheduled_time());
  }
  text += line("Network", asked.network);
  if (asked.files > 0) text += fmt::format("Files: {} uploaded successfully\n", asked.files);
  return text;
}

std::string list_text(const v2_10::Jobs& jobs) {
  if (jobs.jobs().empty()) return "No jobs found\n";
  std::vector<Row> rows{{"ID", "STATUS", "START TIME", "COMMAND"}};
  for (const v2_10::Job& job : jobs.jobs()) rows.push_back(row_of(job));
  return table(rows);
}

std::string status_text(const v2_10::GetJobStatusRes& job) {
  std::string text = line("ID", job.id());
  text += line("Command", command_of(job));
  text += line("Status", job.status());
  text += line("Scheduled Time", job.scheduled_time());
  text += line("StartTime", job.start_time());
  text += line("EndTime", job.end_time());
  if (has_ended(job.status())) text += fmt::format("Exit Code: {}\n", job.exit_code());
  text += limit_line("Max CPU", job.max_cpu(), "%");
  text += line("CPU Cores", job.cpu_cores());
  text += limit_line("Max Memory", job.max_memory(), " MB");
  text += limit_line("Max IO BPS", job.max_iobps(), "");
  return text;
}

std::string stopped_text(const v2_10::StopJobRes& job) {
  return "Job stopped:\n" + line("ID", job.id()) + line("Status", job.status());
}

std::string networks_text(const v2_10::Networks& networks) {
  std::string text = network_row({"NAME", "CIDR", "BRIDGE", "JOBS"});
  text += network_row({"-----------", "--------------", "-----------", "----"});
  for (const v2_10::Network& network : networks.networks()) {
    const bool is_built_in = std::ranges::find(kBuiltIn, network.name()) != kBuiltIn.end();
    text +=
        network_row({printable(network.name()), or_none(network.cidr()), or_none(network.bridge()),
                     fmt::format("{}{}", network.job_count(), is_built_in ? " (built-in)" : "")});
  }
  return text;
}

std::string network_created_text(const v2_10::CreateNetworkRes& network) {
  return "Network created:\n" + line("Name", network.name()) + line("CIDR", network.cidr()) +
         line("Bridge", network.bridge());
}

std::string network_removed_text(std::string_view name, const v2_10::RemoveNetworkRes& answer) {
  if (!answer.message().empty()) return printable(answer.message()) + '\n';
  return line("Network removed", name);
}

}  // namespace warren::face::joblet
