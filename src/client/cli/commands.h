// SPDX-License-Identifier: Apache-2.0
//
// The commands of `warren`, each in its own file. Each adds itself to `app` and keeps `session` for
// when it is called.

#pragma once

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

#include "client/cli/session.h"

namespace warren::client::cli {

void add_run(CLI::App& app, Session& session);
void add_list(CLI::App& app, Session& session);
void add_status(CLI::App& app, Session& session);
void add_log(CLI::App& app, Session& session);
void add_wait(CLI::App& app, Session& session);
void add_stop(CLI::App& app, Session& session);
void add_pause(CLI::App& app, Session& session);
void add_resume(CLI::App& app, Session& session);
void add_delete(CLI::App& app, Session& session);
void add_tree(CLI::App& app, Session& session);
void add_events(CLI::App& app, Session& session);
void add_stats(CLI::App& app, Session& session);
void add_top(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_serve(CLI::App& app, Session& session);
void add_certs(CLI::App& app, Session& session);
void add_nodes(CLI::App& app, Session& session);
void add_config_help(CLI::App& app, Session& session);
void add_completion(CLI::App& app, Session& session);

// Refuses what no request can carry.
[[nodiscard]] CLI::Validator is_text();

// Names of the design that this version does not serve yet; each says so.
void add_unavailable(CLI::App& app, Session& session);
void add_unavailable_run_flags(CLI::App& run, Session& session);

}  // namespace warren::client::cli
