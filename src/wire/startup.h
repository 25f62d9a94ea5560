// SPDX-License-Identifier: Apache-2.0
//
// How an engine that a client starts says that it is ready: `warrend --ready-fd N` writes one line
// to descriptor N, kReadyLine or the reason why it cannot run, and closes it.

#pragma once

#include <string_view>

namespace warren::wire {

inline constexpr std::string_view kReadyLine = "ready\n";

// Exit status of a warrend whose state or runtime directory another engine has locked.
inline constexpr int kAnotherEngineRuns = 3;

}  // namespace warren::wire
