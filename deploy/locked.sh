#!/bin/sh
# Puts exactly what deploy/requirements.lock names, by hash, into a virtual environment or a folder of
# wheels: nothing that somebody has put in its place on the way is taken, the build back end included.
#
# usage: locked.sh PYTHON install|wheel [OPTION of pip]…
#
# Compiled from source is what has no wheel, with the back end of the lock: gunicorn_h1c.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/requirements.lock
python=$1 command=$2
shift 2

backend=$(mktemp)
trap 'rm -f "$backend"' EXIT
sed -n '/^setuptools==/,/[^\\]$/p' "$lock" >"$backend"
"$here/pip.sh" "$python" install --quiet --no-cache-dir --root-user-action=ignore \
    --require-hashes --only-binary :all: --requirement "$backend"
"$here/pip.sh" "$python" "$command" --quiet --quiet --require-hashes --no-build-isolation \
    --only-binary :all: --no-binary gunicorn_h1c --requirement "$lock" "$@"
