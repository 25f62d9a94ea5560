// SPDX-License-Identifier: Apache-2.0
//
// The machines that a client knows, from its configuration file: Warren's client.yaml, or Joblet's
// rnx-config.yml. They have one form and different places.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/remote/target.h"

namespace warren::client {

// A machine by the name that its file gives it. It has an address; the rest may be missing.
struct Node {
  std::string name;
  Target target;
};

struct NodesFile {
  std::string path;
  std::vector<Node> nodes;  // In the order of the file.

  // The machine with all that a connection needs. kNotFound names those that there are.
  [[nodiscard]] Result<Target> find(std::string_view name) const;
};

// Whose places are searched.
enum class NodesForm : std::uint8_t { kWarren, kJoblet };

// Where a file of this form is looked for, in this order: what $WARREN_CONFIG or $RNX_CONFIG names,
// alone where it is set; else the usual places.
[[nodiscard]] std::vector<std::string> places_of_nodes(NodesForm form);

// The file at `path`; where that is empty, the first of places_of_nodes() that there is. kNotFound
// names all of them.
[[nodiscard]] Result<NodesFile> find_nodes(NodesForm form, const std::string& path = {});

// The file `path` with this text. A key that has no meaning here is an error that names it.
[[nodiscard]] Result<NodesFile> parse_nodes(std::string_view text, const std::string& path);

// Whether the file `path` is one of machines, and not an engine's: it has `nodes` at its top.
[[nodiscard]] Result<bool> is_nodes_file(const std::string& path);

}  // namespace warren::client
