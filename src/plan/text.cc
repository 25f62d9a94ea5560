// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "plan/format.h"
#include "plan/launch_plan.h"

namespace warren::plan {
namespace {

struct SlotName {
  Slot slot;
  std::string_view name;
};

constexpr std::array kSlotNames{
    SlotName{Slot::kNull, "null"},
    SlotName{Slot::kPlan, "plan"},
    SlotName{Slot::kListener, "listener"},
    SlotName{Slot::kNetwork, "network"},
    SlotName{Slot::kUsers, "users"},
    SlotName{Slot::kPool, "pool"},
    SlotName{Slot::kWorkGroup, "work"},
    SlotName{Slot::kKillFile, "kill-file"},
    SlotName{Slot::kInput, "input"},
    SlotName{Slot::kStdoutLog, "stdout-log"},
    SlotName{Slot::kStderrLog, "stderr-log"},
    SlotName{Slot::kIndex, "index"},
    SlotName{Slot::kRecord, "record"},
    SlotName{Slot::kStdoutPipe, "stdout-pipe"},
    SlotName{Slot::kStderrPipe, "stderr-pipe"},
    SlotName{Slot::kOutputEvent, "output-event"},
    SlotName{Slot::kCalls, "calls"},
};

// "pool", "init-tasks+1", "mount+3": what the slot is for, and its place in a row of such slots.
std::string to_text(Slot slot) {
  for (const SlotName& entry : kSlotNames) {
    if (entry.slot == slot) return std::string(entry.name);
  }
  const auto within = [slot](Slot first) {
    return static_cast<int>(slot) - static_cast<int>(first);
  };
  if (slot >= Slot::kFirstMount) return fmt::format("mount+{}", within(Slot::kFirstMount));
  if (slot >= Slot::kWorkTasks) return fmt::format("work-tasks+{}", within(Slot::kWorkTasks));
  return fmt::format("init-tasks+{}", within(Slot::kInitTasks));
}

// Numbers that are sets of bits or modes read better in the base that their man pages use.
std::string number(Op op, std::uint64_t value) {
  switch (op) {
    case Op::kMakeDirectory:
    case Op::kMakeDevice:
    case Op::kListen:
    case Op::kSetUmask:
      return fmt::format("{:04o}", value);
    case Op::kEnterNamespace:
    case Op::kUnshare:
    case Op::kNewFilesystem:
    case Op::kCloneMount:
    case Op::kDropBounding:
    case Op::kSetCapabilities:
      return fmt::format("{:#x}", value);
    default:
      return fmt::format("{}", value);
  }
}

// Texts with anything but plain characters are quoted, so that a line stays a line.
std::string quoted(std::string_view text) {
  const bool plain =
      !text.empty() &&
      text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=,:@%") ==
          std::string_view::npos;
  if (plain) return std::string(text);
  std::string result = "'";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '\'' || character == '\\') {
      result += '\\';
      result += character;
    } else if (code < 0x20 || code == 0x7f) {
      result += fmt::format("\\x{:02x}", code);
    } else {
      result += character;
    }
  }
  return result + "'";
}

}  // namespace

std::string to_text(const Step& step) {
  std::string line = name_of(step.op);
  if (step.slot != Slot::kNone) line += " " + to_text(step.slot);
  if (step.other != Slot::kNone) line += " at " + to_text(step.other);
  if (step.a != 0 || step.b != 0) line += " " + number(step.op, step.a);
  if (step.b != 0) line += fmt::format(" {}", step.b);
  for (const std::string& text : step.texts) line += " " + quoted(text);
  if (!step.data.empty()) line += fmt::format(" [{} bytes]", step.data.size());
  return line;
}

std::string to_text(const LaunchPlan& plan) {
  std::string text;
  for (const Step& step : plan.sandbox) text += to_text(step) + "\n";
  for (const Step& step : plan.process) text += to_text(step) + "\n";
  return text;
}

}  // namespace warren::plan
