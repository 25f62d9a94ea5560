// SPDX-License-Identifier: Apache-2.0
//
// The names of the calls of warren.v1.Engine, as they travel in Open frames.

#pragma once

#include <string_view>

namespace warren::wire {

inline constexpr std::string_view kRun = "warren.v1.Engine/Run";
inline constexpr std::string_view kPlan = "warren.v1.Engine/Plan";
inline constexpr std::string_view kGet = "warren.v1.Engine/Get";
inline constexpr std::string_view kList = "warren.v1.Engine/List";
inline constexpr std::string_view kLog = "warren.v1.Engine/Log";
inline constexpr std::string_view kWait = "warren.v1.Engine/Wait";
inline constexpr std::string_view kStop = "warren.v1.Engine/Stop";
inline constexpr std::string_view kSignal = "warren.v1.Engine/Signal";
inline constexpr std::string_view kPause = "warren.v1.Engine/Pause";
inline constexpr std::string_view kResume = "warren.v1.Engine/Resume";
inline constexpr std::string_view kDelete = "warren.v1.Engine/Delete";
inline constexpr std::string_view kEvents = "warren.v1.Engine/Events";
inline constexpr std::string_view kStats = "warren.v1.Engine/Stats";
inline constexpr std::string_view kDoctor = "warren.v1.Engine/Doctor";
inline constexpr std::string_view kShutdown = "warren.v1.Engine/Shutdown";

}  // namespace warren::wire
