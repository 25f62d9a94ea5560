// SPDX-License-Identifier: Apache-2.0

#include "model/cause.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/quote.h"

namespace warren::model {
namespace {

enum class Detail : std::uint8_t { kNothing, kNumber, kSubject };

struct Form {
  Cause::Type type;
  std::string_view name;
  Detail detail = Detail::kNothing;
  std::int32_t most = 0;  // Of its number.
};

constexpr std::array kForms{
    Form{Cause::Type::kExited, "exited", Detail::kNumber, 255},
    Form{Cause::Type::kSignaled, "signaled", Detail::kNumber, 127},
    Form{Cause::Type::kOom, "oom"},
    Form{Cause::Type::kTimeout, "timeout"},
    Form{Cause::Type::kDiskQuota, "disk-quota"},
    Form{Cause::Type::kStoppedBy, "stopped-by", Detail::kSubject},
    Form{Cause::Type::kCancelledBy, "cancelled-by", Detail::kSubject},
    Form{Cause::Type::kStartFailed, "start-failed", Detail::kSubject},
    Form{Cause::Type::kInitLost, "init-lost"},
    Form{Cause::Type::kMachineLost, "machine-lost"},
};

constexpr std::int32_t kTimedOut = 124;
constexpr std::int32_t kNotStarted = 125;
constexpr std::int32_t kNotExecutable = 126;
constexpr std::int32_t kNoSuchCommand = 127;
constexpr std::int32_t kSignalBase = 128;
constexpr std::int32_t kOutOfMemory = kSignalBase + 9;

std::optional<std::int32_t> parse_number(std::string_view text) noexcept {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The cause that `form` and what stands between its parentheses make, if they fit together.
std::optional<Cause> compose(const Form& form, std::string_view inside) {
  Cause cause{.type = form.type, .number = 0, .subject = {}};
  if (form.detail == Detail::kSubject) cause.subject = inside;
  if (form.detail == Detail::kNumber) {
    const std::optional<std::int32_t> number = parse_number(inside);
    if (!number || *number < 0 || *number > form.most) return std::nullopt;
    cause.number = *number;
  }
  return cause;
}

std::int32_t status_of(std::int32_t raw) noexcept {
  if (WIFEXITED(raw)) return WEXITSTATUS(raw);
  if (WIFSIGNALED(raw)) return kSignalBase + WTERMSIG(raw);
  return kNotStarted;
}

}  // namespace

std::string to_text(const Cause& cause) {
  const auto* const form = std::ranges::find(kForms, cause.type, &Form::type);
  if (form == kForms.end()) return "";
  switch (form->detail) {
    case Detail::kNumber:
      return fmt::format("{}({})", form->name, cause.number);
    case Detail::kSubject:
      return fmt::format("{}({})", form->name, cause.subject);
    case Detail::kNothing:
      break;
  }
  return std::string(form->name);
}

Result<Cause> parse_cause(std::string_view text) {
  if (text.empty()) return Cause{};
  const std::size_t open = text.find('(');
  std::optional<std::string_view> inside;
  if (open != std::string_view::npos && text.ends_with(')')) {
    inside = text.substr(open + 1, text.size() - open - 2);
  }
  const std::string_view name = inside ? text.substr(0, open) : text;
  const auto* const form = std::ranges::find(kForms, name, &Form::name);
  if (form != kForms.end() && inside.has_value() == (form->detail != Detail::kNothing)) {
    if (std::optional<Cause> cause = compose(*form, inside.value_or(""))) return *std::move(cause);
  }
  return fail(Errc::kInvalidArgument, "{} is not a cause of an end", quote(text));
}

std::int32_t exit_status(const Cause& cause, std::int32_t raw) noexcept {
  switch (cause.type) {
    case Cause::Type::kExited:
      return cause.number;
    case Cause::Type::kSignaled:
      return kSignalBase + cause.number;
    case Cause::Type::kOom:
      return kOutOfMemory;
    case Cause::Type::kTimeout:
      return kTimedOut;
    case Cause::Type::kStartFailed: {
      const std::int32_t status = status_of(raw);
      return status == kNotExecutable || status == kNoSuchCommand ? status : kNotStarted;
    }
    case Cause::Type::kInitLost:
    case Cause::Type::kMachineLost:
      return kNotStarted;
    case Cause::Type::kNone:
    case Cause::Type::kDiskQuota:
    case Cause::Type::kStoppedBy:
    case Cause::Type::kCancelledBy:
      break;
  }
  return status_of(raw);
}

}  // namespace warren::model
