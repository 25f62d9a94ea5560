// SPDX-License-Identifier: Apache-2.0

#include "tests/security/amendments.h"

#include <algorithm>
#include <vector>

namespace warren::test {
namespace {

using plan::LaunchPlan;
using plan::Op;
using plan::Slot;
using plan::Step;

template <typename Predicate>
void erase_steps(LaunchPlan& plan, Predicate predicate) {
  std::erase_if(plan.sandbox, predicate);
  std::erase_if(plan.process, predicate);
}

template <typename Change>
void for_each_step(LaunchPlan& plan, Change change) {
  std::ranges::for_each(plan.sandbox, change);
  std::ranges::for_each(plan.process, change);
}

}  // namespace

Amendment without(std::initializer_list<Op> ops) {
  return [unwanted = std::vector<Op>(ops)](LaunchPlan& plan) {
    erase_steps(plan, [&](const Step& step) { return std::ranges::count(unwanted, step.op) > 0; });
  };
}

Amendment without(Op op, Slot slot) {
  return [op, slot](LaunchPlan& plan) {
    erase_steps(plan, [&](const Step& step) { return step.op == op && step.slot == slot; });
  };
}

Amendment without_mounts_on(const std::string& type) {
  return [type](LaunchPlan& plan) {
    const auto below = std::ranges::find_if(plan.sandbox, [&](const Step& step) {
      return step.op == Op::kNewFilesystem && step.texts.front() == type;
    });
    const Slot slot = below->slot;
    erase_steps(plan, [slot](const Step& step) {
      return step.other == slot && (step.op == Op::kCloneMount || step.op == Op::kAttach);
    });
  };
}

Amendment replace_text(const std::string& from, const std::string& to) {
  return [from, to](LaunchPlan& plan) {
    for_each_step(plan, [&](Step& step) { std::ranges::replace(step.texts, from, to); });
  };
}

Amendment without_attributes(const std::string& type, std::uint64_t attributes) {
  return [type, attributes](LaunchPlan& plan) {
    for_each_step(plan, [&](Step& step) {
      if (step.op == Op::kNewFilesystem && step.texts.front() == type) step.a &= ~attributes;
    });
  };
}

Amendment leak(Slot slot, std::uint64_t fd) {
  return [slot, fd](LaunchPlan& plan) {
    const auto close = std::ranges::find(plan.process, Op::kNoNewPrivileges, &Step::op);
    plan.process.insert(close, Step{.op = Op::kInstall, .slot = slot, .a = fd});
  };
}

void as_host_root(LaunchPlan& plan) {
  without(Op::kEnterNamespace, Slot::kUsers)(plan);
  std::erase_if(plan.sandbox, [](const Step& step) {
    return step.op == Op::kBecomeUser || step.op == Op::kRequireWritable;
  });
  with_all_capabilities()(plan);
  constexpr auto kTmp = static_cast<Slot>(plan::kSlotCount - 1);
  const auto pivot = std::ranges::find(plan.sandbox, Op::kPivotRoot, &Step::op);
  const Step attach{.op = Op::kAttach, .slot = kTmp, .other = pivot->slot, .texts = {"tmp"}};
  const Step create{.op = Op::kNewFilesystem, .slot = kTmp, .texts = {"tmpfs", "mode=1777"}};
  plan.sandbox.insert(pivot, {create, attach});
}

Amendment with_all_capabilities() {
  return without({Op::kDropBounding, Op::kSetCapabilities});
}

Amendment all_of(std::initializer_list<Amendment> amendments) {
  return [all = std::vector<Amendment>(amendments)](LaunchPlan& plan) {
    for (const Amendment& amendment : all) amendment(plan);
  };
}

}  // namespace warren::test
