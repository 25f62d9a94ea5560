// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_target.h"

#include <cstdlib>
#include <string>

namespace warren::client {
namespace {

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<Target> choose_target(const RnxFlags& flags, const NodesFile& file) {
  std::string node = flags.node.empty() ? from_environment("JOBLET_NODE") : flags.node;
  if (node.empty()) node = "default";
  Target target = WARREN_TRY(file.find(node));
  std::string server = flags.server;
  if (server.empty() && flags.node.empty()) server = from_environment("JOBLET_SERVER");
  if (!server.empty()) target.address = to_text(WARREN_TRY(parse_address(server)));
  return target;
}

}  // namespace warren::client
