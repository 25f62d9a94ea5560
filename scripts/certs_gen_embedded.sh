#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Certificates for a Joblet, inside the configuration files of its daemon and of one client.
#
# JOBLET_SERVER_ADDRESS is what clients call this machine. Without it configurations that are there
# keep what they have, and new ones get the first address of this machine. JOBLET_CONFIG_DIR is
# where the files go, /opt/joblet/config unless it is said. Run again it renews the certificates,
# and changes nothing else of what is written in the files. Where Joblet's own script has made them,
# the authority is a new one, since the key of the old one was not kept; the client's file stays
# beside its successor.
set -eu

directory=${JOBLET_CONFIG_DIR:-/opt/joblet/config}
template=/opt/joblet/scripts/joblet-config-template.yml
daemon=$directory/joblet-config.yml
client=$directory/rnx-config.yml

# Beside this script's directory after a build, else wherever it was installed.
warren=$(dirname "$(readlink -f "$0")")/../bin/warren
[ -x "$warren" ] || warren=warren

address=${JOBLET_SERVER_ADDRESS:-}
case $address in
  *[!A-Za-z0-9.:-]*)
    echo "JOBLET_SERVER_ADDRESS: '$address' is neither a name nor an address" >&2
    exit 1
    ;;
esac
usual=$(hostname -I 2>/dev/null | cut -d ' ' -f 1)
host=${address:-${usual:-127.0.0.1}}
case $host in *:*) host="[$host]" ;; esac

if [ ! -e "$daemon" ] && [ -e "$template" ]; then
  mkdir -p "$directory"
  (umask 077 && cp "$template" "$daemon")
fi
if [ -n "$address" ] && [ -e "$daemon" ]; then
  sed -i "/^server:/,/^[^ #]/ s/^\( *address:\).*/\1 \"$address\"/" "$daemon"
fi
# Of an authority that is not here, and that the daemon will not believe any more.
old_client=
if [ -e "$client" ] && [ ! -e "$directory/ca.crt" ]; then
  old_client=$client
elif [ -n "$address" ] && [ -e "$client" ]; then
  sed -i "/^  default:/,/^  [^ ]/ s/^\( *address: \).*\(:[0-9]*\"\)/\1\"$host\2/" "$client"
fi

"$warren" certs init --layout joblet --dir "$directory" --address "$host:50051"
if [ -n "$old_client" ]; then
  mv "$old_client" "$client.old"
  echo "$client.old is what was there: its certificates are of another authority"
fi
"$warren" certs issue admin --role admin --layout joblet --dir "$directory" --address "$host:50051"
