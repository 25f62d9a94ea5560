// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_help.h"

#include "client/remote/nodes.h"

namespace warren::client {

std::string rnx_usage() {
  return R"(Runs commands as jobs of a Joblet.

usage: rnx [FLAGS] COMMAND [FLAGS] [WORDS]

Commands:
  run COMMAND [ARGUMENT...]    Start a job; rnx log shows what it writes
  list                         Show all jobs
  status ID                    Show one job
  log ID                       Show what a job has written, and follow it until its end
  stop ID                      End a job, or one that waits for its time
  network create NAME          Make a network
  network list                 Show the networks
  network remove NAME          Remove a network that no job uses
  nodes                        Show the servers of the configuration
  config-help                  Show how a configuration is written
  help                         Show this

Flags of every command:
  --config FILE                The configuration, instead of one in the usual places (RNX_CONFIG)
  --node NAME                  The server, as the configuration calls it (JOBLET_NODE)
  --server HOST:PORT           Its address, instead of the node's (JOBLET_SERVER)

Flags of run, up to the first word of the job's command:
  --name NAME                  What the job is called
  --max-cpu N                  Percent of one core, summed over all
  --cpu-cores CORES            The cores it may run on: 0-3, or 1,3,5
  --max-memory N               MiB of memory
  --max-iobps N                Bytes read and bytes written a second
  --network NAME               Its network
  --schedule WHEN              45s, 2h30m, or 2027-07-18T20:02:48, local unless it has a zone
  --upload FILE                A file for /work; may be repeated
  --upload-dir DIR             What is in a directory, for /work; may be repeated

Flags of other commands:
  --json                       list, status: as JSON
  --cidr CIDR                  network create: its addresses, such as 10.1.0.0/24

  --version                    Show the version
)";
}

std::string rnx_config_help() {
  std::string text = R"(# The servers that rnx knows. `default` is meant where no node is named.
# `warren certs issue NAME --role admin --layout joblet` writes such a file.
version: "3.0"
nodes:
  default:
    address: "192.168.1.100:50051"
    cert: |
      -----BEGIN CERTIFICATE-----
      ...
      -----END CERTIFICATE-----
    key: |
      -----BEGIN PRIVATE KEY-----
      ...
      -----END PRIVATE KEY-----
    ca: |
      -----BEGIN CERTIFICATE-----
      ...
      -----END CERTIFICATE-----

# It is the first of these that there is, unless --config names another:
)";
  for (const std::string& place : places_of_nodes(NodesForm::kJoblet)) {
    text += "#   " + place + '\n';
  }
  return text;
}

}  // namespace warren::client
