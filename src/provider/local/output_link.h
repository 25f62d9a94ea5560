// SPDX-License-Identifier: Apache-2.0
//
// A second place at which people find the output of a process: a symbolic link of any name to its
// log directory. A link `place` in that directory leads back, so that whoever removes the log, be
// it an engine with another configuration, finds the link as well.

#pragma once

#include <string>

#include "base/result.h"

namespace warren::provider {

// The name of the link that leads back.
inline constexpr const char* kPlace = "place";

struct OutputDirectory {
  int fd;            // The log directory,
  std::string path;  // and where it is.
};

// Makes `link`, an absolute path, and its parent directory where there is none (0755). What an
// attempt before a crash left is replaced; kAlreadyExists where something else is there.
[[nodiscard]] Result<> make_output_link(const OutputDirectory& output, const std::string& link);

// Removes the link that make_output_link() has made, if it still leads to `output`. Succeeds when
// there is none.
[[nodiscard]] Result<> remove_output_link(const OutputDirectory& output);

}  // namespace warren::provider
