// SPDX-License-Identifier: Apache-2.0
//
// The commands of `warren certs`.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "certs/layout.h"

namespace warren::certs {

// What the flags of `init` and `issue` say.
struct Flags {
  Layout layout = Layout::kWarren;
  std::string directory;  // Empty: the layout's own.
  std::string address = "127.0.0.1:50051";
  int days = 365;
};

// An authority where there is none, and a new certificate for the server, with these names besides
// its usual ones. All return the paths of the files they wrote.
[[nodiscard]] Result<Written> init(const Flags& flags, const std::vector<std::string>& names);

// A new certificate for `name`: with a role, or of a user without one.
[[nodiscard]] Result<Written> issue(const Flags& flags, const std::string& name,
                                    const std::string& role);

// A line for each certificate: verdict, path and what is to be said of it, with tabs between them.
// Without directories, of those in the usual ones, as far as there are any. Fails with kNotFound
// where there is not one of those that were named.
[[nodiscard]] Result<std::string> check(const std::vector<std::string>& directories);

// Hands the server's files in `directory` to the gateway that runs as `user`; see stage.h.
[[nodiscard]] Result<> stage_for(const std::string& user, const std::string& directory,
                                 const std::string& gateway_directory);

}  // namespace warren::certs
