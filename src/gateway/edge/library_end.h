// SPDX-License-Identifier: Apache-2.0
//
// The way between a session and the library: two ends of a stream within this process. The library
// knows a connection by the address of its other end, which is a name that comes once.

#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::gateway {

struct LibraryEnds {
  os::UniqueFd ours;
  os::UniqueFd librarys;
  std::string peer;  // As the library writes it.
};

class LibraryEndMaker {
 public:
  LibraryEndMaker();

  // The name is an abstract one, of an end that is connected and does not listen: nobody can
  // connect to it, who knows it or not.
  [[nodiscard]] Result<LibraryEnds> make();

 private:
  std::string prefix_;  // Of this process, and not to be guessed.
  std::uint64_t made_ = 0;
};

}  // namespace warren::gateway
