#!/bin/sh
# Runs pip, and says in one line what pip says in thirty: that it can't reach its index.
#
# usage: pip.sh PYTHON COMMAND [OPTION of pip]…
set -eu
python=$1
shift

said=$(mktemp)
trap 'rm -f "$said"' EXIT
if "$python" -m pip "$@" --disable-pip-version-check 2>"$said"; then
    cat "$said" >&2
    exit
fi
# What urllib3 calls it when a name, a way or an answer is missing.
if grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError' "$said"; then
    echo "hopline: pip can't reach its index: check the network, or name one with PIP_INDEX_URL" >&2
else
    cat "$said" >&2
fi
exit 1
