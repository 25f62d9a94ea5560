#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The guest is what its tests take it for: the unified hierarchy alone, with every controller that a
# limit needs, and the modules that the pool and the overlay need.

set -eu

[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
! grep -q ' cgroup ' /proc/mounts
for controller in cpu cpuset io memory pids; do
  grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers
done
modprobe -a overlay btrfs loop veth nf_tables
[[ $(nproc) -eq 2 ]]
