#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The whole way on the unified hierarchy: a job starts its engine, holds its limits, ends with its
# own status and the right cause, and leaves nothing.

set -eu
cd "$(dirname "$0")/../../.."

PATH=$PWD/build/dev/bin:$PATH
scratch=$(mktemp -d /var/tmp/first-job.XXXXXX)
# At the end none runs any more.
trap 'cat "$scratch/state/engine.log"; warren serve --stop || true' EXIT
export WARREN_STATE_DIR=$scratch/state WARREN_RUNTIME_DIR=$scratch/run

# Ends the script, naming what was expected, unless the last two arguments are equal.
expect() {
  [[ $2 == "$3" ]] || { echo "$1: expected '$3', got '$2'"; exit 1; }
}

cause_of() {
  warren status "$1" --format json | sed -n 's/^ *"cause": "\(.*\)",$/\1/p'
}

expect "output" "$(warren run --name hello echo hello)" hello
expect "cause" "$(cause_of hello)" "exited(0)"

expect "input" "$(echo x | warren run cat)" x

status=0
warren run --name greedy --max-memory 32M -- sh -c 'head -c 256M /dev/zero | tail -c 128M >out' ||
  status=$?
expect "status beyond the memory limit" "$status" 137
expect "cause beyond the memory limit" "$(cause_of greedy)" oom

status=0
warren run --name slow --timeout 500ms -- sleep 60 || status=$?
expect "status beyond the time-out" "$status" 124
expect "cause beyond the time-out" "$(cause_of slow)" timeout

warren serve --stop
expect "cgroups that are left" "$(find /sys/fs/cgroup -name 'warren*' -type d)" ""
