#!/bin/sh
# What a person does first, on a machine with nothing but what README asks for; run in the checkout.
#
# usage: first_hour.sh [CODE]    starts, makes a link of this code, clicks it, counts it, stops
set -eu
code=${1:-first}
log=$HOME/up.log
data=$HOME/.local/share/hopline
hopline=.venv/bin/hopline

fail() {
    echo "first_hour.sh: $*" >&2
    cat "$log" >&2
    exit 1
}

# Waits until a command succeeds, so many seconds at most.
within() {
    left=$1
    shift
    until "$@"; do
        [ "$left" -gt 0 ] || fail "not within the time: $*"
        left=$((left - 1))
        sleep 1
    done
}

start() {
    make up >"$log" 2>&1 &
    within 400 is_ready_or_gone $!
    grep -q 'Hopline is ready' "$log" || fail "it did not start"
}

is_ready_or_gone() {
    grep -q 'Hopline is ready' "$log" || ! kill -0 "$1" 2>/dev/null
}

click() {
    python3 - "$1" <<'PYTHON'
import http.client, os, sys
visit = http.client.HTTPConnection(os.environ["HOPLINE_REDIRECT_BIND"], timeout=5)
visit.request("GET", f"/{sys.argv[1]}", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"})
status = visit.getresponse().status
print(f"answered {status}")
sys.exit(status != 302)
PYTHON
}

is_counted() {
    "$hopline" stats "$code" --json | grep -qE '"clicks": ?1\b'
}

# Other users see every command line.
shows_no_password() {
    sed -nE 's|.*://[^:]*:([^@]+)@.*|\1|p' "$data/running.env" >"$HOME/passwords"
    [ "$(wc -l <"$HOME/passwords")" = 2 ] || fail "the stores have no passwords"
    ! cat /proc/[0-9]*/cmdline | tr '\0' ' ' | grep -qFf "$HOME/passwords" || fail "one is shown"
}

stop() {
    kill "$(cat "$data/lock")"
    wait
    tail -n 1 "$log" | grep -qx stopped || fail "it did not stop cleanly"
}

start
"$hopline" links add https://example.com/ --code "$code"
# On a busy machine Redis may take longer than a visitor is let wait: 503, and no click.
within 10 click "$code"
within 30 is_counted
shows_no_password
within 90 "$hopline" doctor >/dev/null
stop
