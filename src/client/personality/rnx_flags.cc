// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_flags.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/quote.h"

namespace warren::client {
namespace {

constexpr std::string_view kNetwork = "network";

// Which commands take a flag.
enum class Scope : std::uint8_t { kAll, kRun, kShown, kCreate };

bool covers(Scope scope, std::string_view command) {
  switch (scope) {
    case Scope::kAll:
      return true;
    case Scope::kRun:
      return command == "run";
    case Scope::kShown:
      return command == "list" || command == "status";
    case Scope::kCreate:
      return command == "network create";
  }
  std::unreachable();
}

struct Flag {
  std::string_view name;
  Scope scope;
  std::string RnxFlags::*value = nullptr;
  std::vector<std::string> UploadSources::*list = nullptr;  // Of a flag that may be repeated.
  bool RnxFlags::*truth = nullptr;                          // Of one without a value.
};

constexpr std::array kFlags{
    Flag{.name = "--config", .scope = Scope::kAll, .value = &RnxFlags::config},
    Flag{.name = "--node", .scope = Scope::kAll, .value = &RnxFlags::node},
    Flag{.name = "--server", .scope = Scope::kAll, .value = &RnxFlags::server},
    Flag{.name = "--name", .scope = Scope::kRun, .value = &RnxFlags::name},
    Flag{.name = "--max-cpu", .scope = Scope::kRun, .value = &RnxFlags::max_cpu},
    Flag{.name = "--cpu-cores", .scope = Scope::kRun, .value = &RnxFlags::cpu_cores},
    Flag{.name = "--max-memory", .scope = Scope::kRun, .value = &RnxFlags::max_memory},
    Flag{.name = "--max-iobps", .scope = Scope::kRun, .value = &RnxFlags::max_iobps},
    Flag{.name = "--network", .scope = Scope::kRun, .value = &RnxFlags::network},
    Flag{.name = "--schedule", .scope = Scope::kRun, .value = &RnxFlags::schedule},
    Flag{.name = "--upload", .scope = Scope::kRun, .list = &UploadSources::files},
    Flag{.name = "--upload-dir", .scope = Scope::kRun, .list = &UploadSources::directories},
    Flag{.name = "--json", .scope = Scope::kShown, .truth = &RnxFlags::json},
    Flag{.name = "--cidr", .scope = Scope::kCreate, .value = &RnxFlags::cidr},
};

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments)
      : next_(arguments.begin()), end_(arguments.end()) {}

  Result<RnxLine> parse() {
    while (next_ != end_ && !is_settled()) WARREN_TRY(take(*next_++));
    if (line_.wants_help || line_.wants_version) return std::move(line_);
    line_.words.insert(line_.words.end(), next_, end_);
    WARREN_TRY(check_command());
    for (const Flag* const flag : given_) {
      if (!covers(flag->scope, line_.command)) {
        return fail(Errc::kInvalidArgument, "'{}' takes no {}", line_.command, flag->name);
      }
    }
    return std::move(line_);
  }

 private:
  // What follows is no longer ours.
  [[nodiscard]] bool is_settled() const {
    const bool is_of_the_job = line_.command == "run" && !line_.words.empty();
    return flags_have_ended_ || is_of_the_job || line_.wants_help || line_.wants_version;
  }

  Result<> take(const std::string& word) {
    if (word == "--") {
      flags_have_ended_ = true;
    } else if (word == "-h" || word == "--help") {
      line_.wants_help = true;
    } else if (word == "--version") {
      line_.wants_version = true;
    } else if (word.size() > 1 && word.starts_with('-')) {
      return take_flag(word);
    } else if (line_.command.empty()) {
      line_.command = word;
    } else if (line_.command == kNetwork) {
      line_.command += ' ' + word;
    } else {
      line_.words.push_back(word);
    }
    return {};
  }

  Result<> take_flag(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto* const flag = std::ranges::find(kFlags, name, &Flag::name);
    if (flag == kFlags.end()) {
      return fail(Errc::kInvalidArgument, "there is no flag {}", quote(name));
    }
    given_.push_back(flag);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (flag->truth != nullptr) return set_truth(*flag, value);
    if (!value && next_ == end_) {
      return fail(Errc::kInvalidArgument, "{}: a value is missing", name);
    }
    std::string text(value ? *value : *next_++);
    // A variable that nobody has set is not meant to start the job at once.
    if (text.empty() && flag->value == &RnxFlags::schedule) {
      return fail(Errc::kInvalidArgument, "{}: it is empty", name);
    }
    if (flag->list != nullptr) {
      (line_.flags.uploads.*(flag->list)).push_back(std::move(text));
    } else {
      line_.flags.*(flag->value) = std::move(text);
    }
    return {};
  }

  Result<> set_truth(const Flag& flag, std::optional<std::string_view> value) {
    if (value && *value != "true" && *value != "false") {
      return fail(Errc::kInvalidArgument, "{}: {} is neither true nor false", flag.name,
                  quote(*value));
    }
    line_.flags.*(flag.truth) = value != "false";
    return {};
  }

  [[nodiscard]] Result<> check_command() const {
    if (line_.command.empty()) return fail(Errc::kInvalidArgument, "a command is missing");
    if (line_.command == kNetwork) {
      return fail(Errc::kInvalidArgument, "network: create, list or remove is missing");
    }
    const auto* const command = std::ranges::find(kRnxCommands, line_.command, &RnxCommand::name);
    if (command == kRnxCommands.end()) {
      return fail(Errc::kInvalidArgument, "there is no command {}", quote(line_.command));
    }
    if (line_.words.size() < command->least_words) {
      return fail(Errc::kInvalidArgument, "{}: {} is missing", command->name, command->words);
    }
    const bool is_counted = command->name != "run" && command->name != "help";
    if (is_counted && line_.words.size() > command->least_words) {
      return fail(Errc::kInvalidArgument, "{}: {} is a word too many", command->name,
                  quote(line_.words.back()));
    }
    return {};
  }

  std::vector<std::string>::const_iterator next_;
  std::vector<std::string>::const_iterator end_;
  RnxLine line_;
  std::vector<const Flag*> given_;
  bool flags_have_ended_ = false;
};

}  // namespace

Result<RnxLine> parse_rnx(const std::vector<std::string>& arguments) {
  return Parser(arguments).parse();
}

}  // namespace warren::client
