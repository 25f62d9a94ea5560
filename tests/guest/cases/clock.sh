#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A clock that is set while jobs wait for it: forward past an instant the job runs at once and says
# how late it is, back it waits for its instant. The length of a time-out stays what it was. Only
# here is the clock nobody else's.

set -eu
cd "$(dirname "$0")/../../.."

PATH=$PWD/build/dev/bin:$PATH
scratch=$(mktemp -d /var/tmp/clock.XXXXXX)
# At the end none runs any more.
trap 'cat "$scratch/state/engine.log"; warren serve --stop || true' EXIT
export WARREN_STATE_DIR=$scratch/state WARREN_RUNTIME_DIR=$scratch/run

# Ends the script, naming what was expected, unless the last two arguments are equal.
expect() {
  [[ $2 == "$3" ]] || { echo "$1: expected '$3', got '$2'"; exit 1; }
}

field_of() {
  warren status "$1" --format json | sed -n "s/^ *\"$2\": //p" | tr -d '",'
}

turn_clock() {
  date --set "@$(($(date +%s) + $1))" >/dev/null
  warren run true  # The engine has been around since.
}

hour=3600
warren run -d --name guarded --timeout 2h -- sleep infinity
warren run -d --name early --schedule 1h true
turn_clock $((3 * hour))
warren wait early
expect "cause after the clock was set forward" "$(field_of early cause)" "exited(0)"
late=$(field_of early late_ms)
# Two hours, but for what it took to get here.
expect "two hours late" "$((late > hour * 1000 && late < 3 * hour * 1000))" 1
expect "state before the time-out has passed" "$(field_of guarded state)" RUNNING
warren stop guarded >/dev/null

warren run -d --name later --schedule 2h true
turn_clock $((-3 * hour))
turn_clock $((4 * hour))
expect "state after the clock was set back" "$(field_of later state)" SCHEDULED
turn_clock $((3 * hour))
warren wait later
expect "cause at its instant" "$(field_of later cause)" "exited(0)"

warren serve --stop
