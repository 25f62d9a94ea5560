// SPDX-License-Identifier: Apache-2.0
//
// The file of Joblet's daemon, and what it becomes: files for the engine and for the gateway.

#pragma once

#include <string>

#include "base/result.h"
#include "client/personality/joblet_config.h"

namespace warren::client {

// Where the file is: what `path` says, else $JOBLET_CONFIG, else the first of the usual places that
// there is. kNotFound names all of them.
[[nodiscard]] Result<std::string> find_joblet_config(const std::string& path);

[[nodiscard]] Result<JobletConfig> read_joblet_config(const std::string& path);

// Writes ca.crt, server.crt and server.key of the configuration that is in `file` now into
// `directory`, where write_joblet_files() has written before. The rest of it counts from the next
// start on.
[[nodiscard]] Result<> renew_joblet_certificates(const std::string& file,
                                                 const std::string& directory);

// Writes warren.yaml, ca.crt, server.crt and server.key into `directory` (0700, files 0600), which
// is made where it is missing and has to be this user's.
[[nodiscard]] Result<> write_joblet_files(const JobletConfig& config, const std::string& directory);

}  // namespace warren::client
