#!/bin/sh
# Installs Hopline on this host, upgrades it, rolls it back or removes it. Run it as root.
#
# Rule 1: everything is checked before anything is changed.
# Rule 2: a version is built beside the others and never changed again; `current` is switched to it
#         in one rename, and services that run are restarted after that.
# Rule 3: doing it twice does nothing the second time.
set -eu

usage() {
    cat <<'TEXT'
usage: install.sh [--dry-run] [--wheelhouse DIR] [--python PYTHON] [install]
       install.sh [--dry-run] rollback [VERSION]
       install.sh [--dry-run] [--purge] remove
       install.sh list

install    build this version under /opt/hopline, switch to it, restart what runs
rollback   switch to the version before, or to the one named, and restart what runs
remove     stop and remove everything but settings, passwords and waiting clicks
list       the versions that are here; * marks the one in use

--dry-run         check, then say what would be done
--wheelhouse DIR  install from the wheels in DIR, without a network
--python PYTHON   build on this Python, 3.11 or newer (default /usr/bin/python3)
--purge           with remove: settings, passwords and waiting clicks as well
--no-units        leave unit files and /usr/bin/hopline to a package
TEXT
}

prefix=/opt/hopline
units=/etc/systemd/system
services="hopline-redirect.service hopline-console.service hopline-workers.service"
# What the services are made of: a version that lacks any of it is never switched to.
loadable="app.cli.entry, app.cli.main, app.console.wsgi, app.redirect.server.gunicorn.worker, app.redirect.wsgi, workers.supervisor.supervisor"
# Versions kept beside the one in use: the one to roll back to.
kept=1
# A virtual environment takes about 110 MB; twice that for pip's temporary files.
needed_kb=250000

# The step that is still to be done after a switch.
owed=$prefix/.owed

here=$(cd "$(dirname "$0")" && pwd)
dry_run=no purge=no with_units=yes wheelhouse='' step='' python=/usr/bin/python3

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

misused() {
    echo "install.sh: $*" >&2
    usage >&2
    exit 2
}

# Runs a command that changes something, or says it in a dry run.
run() {
    if [ "$dry_run" = yes ]; then
        echo "would run: $*"
    else
        "$@"
    fi
}

# --- What is there ---

in_use() {
    [ ! -L "$prefix/current" ] || readlink "$prefix/current"
}

# The versions that are whole, the newest built first.
versions() {
    [ ! -d "$prefix" ] || find "$prefix" -mindepth 2 -maxdepth 2 -name .complete -printf '%T@ %h\n' |
        sort -rn | sed "s|.* $prefix/||"
}

version_before() {
    versions | grep -vxF "$(in_use)" | head -n 1
}

version_to_install() {
    if [ -n "$wheelhouse" ]; then
        find "$wheelhouse" -maxdepth 1 -name 'hopline-*.whl' | sed 's|.*/hopline-||; s|-.*||' |
            sort -V | tail -n 1
    else
        sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$here/../app/version.py" 2>/dev/null
    fi
}

# --- Checks: they change nothing ---

check_host() {
    [ "$(id -u)" = 0 ] || fail "run it as root"
    for command in systemctl systemd-sysusers systemd-tmpfiles; do
        command -v "$command" >/dev/null || fail "$command is missing: Hopline's units need systemd"
    done
    [ -x /bin/kill ] || fail "/bin/kill is missing, which units reload with (Debian: apt install procps)"
}

check_python() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "$python is missing or older than 3.11: name another with --python"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python can't make virtual environments (Debian: apt install python3-venv)"
}

check_sources() {
    if [ -n "$wheelhouse" ]; then
        [ -d "$wheelhouse" ] || fail "there is no wheelhouse $wheelhouse"
        [ -n "$version" ] || fail "no hopline-*.whl in $wheelhouse"
    else
        [ -n "$version" ] || fail "run it from its source tree, or give it a --wheelhouse"
        [ -e "$here/requirements.lock" ] || fail "requirements.lock is missing beside install.sh"
    fi
}

check_room() {
    free_kb=$(df --output=avail -k "$(dirname "$prefix")" | tail -n 1)
    [ "$free_kb" -ge "$needed_kb" ] ||
        fail "$((free_kb / 1024)) MB are free in $(dirname "$prefix"), $((needed_kb / 1024)) are needed"
}

# --- Steps ---

build_version() {
    target=$prefix/$version
    if [ -e "$target/.complete" ]; then
        echo "version $version is built already"
        return
    fi
    echo "building version $version in $target"
    # What a build that was cut off left behind.
    run rm -rf "$target"
    run mkdir -p "$prefix"
    run "$python" -m venv "$target"
    if [ -n "$wheelhouse" ]; then
        set -- --no-index --find-links "$wheelhouse" "hopline==$version"
    else
        run "$here/locked.sh" "$target/bin/python" install --no-cache-dir --root-user-action=ignore
        set -- --no-deps --no-build-isolation "$here/.."
    fi
    run "$target/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-cache-dir --root-user-action=ignore "$@"
    [ "$dry_run" = yes ] || [ "$("$target/bin/hopline" --version)" = "hopline $version" ] ||
        fail "what was built in $target does not say that it is version $version"
    run "$target/bin/python" -c "import $loadable" ||
        fail "what was built in $target can't be loaded; nothing was switched"
    run touch "$target/.complete"
}

install_units() {
    if [ "$with_units" = yes ]; then
        for file in "$here"/systemd/hopline*.service "$here"/systemd/hopline*.socket \
            "$here"/systemd/hopline*.target; do
            run install -m 644 -t "$units" "$file"
        done
        run install -D -m 644 -t "$units/hopline-.service.d" "$here/systemd/hopline-.service.d/10-all.conf"
        run install -D -m 644 "$here/sysusers.d/hopline.conf" /etc/sysusers.d/hopline.conf
        run install -D -m 644 "$here/tmpfiles.d/hopline.conf" /etc/tmpfiles.d/hopline.conf
        run install -D -m 755 "$here/hopline" /usr/local/bin/hopline
        # The operator's own settings are never written over.
        [ -e /etc/hopline/hopline.env ] ||
            run install -D -m 644 "$here/hopline.env" /etc/hopline/hopline.env
    fi
    run systemd-sysusers hopline.conf
    run systemd-tmpfiles --create hopline.conf
}

# Remembers what a switch makes necessary, also for the next run, should this one be cut off.
owe() {
    step=$1
    [ "$dry_run" = yes ] || [ -e "$owed" ] || echo "$step" >"$owed"
}

settle() {
    [ ! -e "$owed" ] || step=$(cat "$owed")
    case $step in
        start) start_all ;;
        restart) restart_running ;;
    esac
    run rm -f "$owed"
}

switch_to() {
    if [ "$(in_use)" = "$1" ]; then
        echo "version $1 is in use already"
        return
    fi
    echo "switching to version $1"
    if [ -z "$(in_use)" ]; then owe start; else owe restart; fi
    # A rename is the one way to replace a link without a moment in which there is none.
    run ln -sfn "$1" "$prefix/current.new"
    run mv -T "$prefix/current.new" "$prefix/current"
}

is_systemd_running() {
    [ -d /run/systemd/system ]
}

# Restarts what runs; visitors wait in the sockets' queue meanwhile.
restart_running() {
    is_systemd_running || return 0
    run systemctl daemon-reload
    # shellcheck disable=SC2086 # a list of names
    run systemctl try-restart $services
}

start_all() {
    # shellcheck disable=SC2086 # a list of names
    run systemctl enable --quiet hopline.target hopline-redirect.socket $services
    # In an image that is being made nothing runs yet.
    is_systemd_running || return 0
    run systemctl daemon-reload
    run systemctl start --no-block hopline.target
}

forget_old_versions() {
    versions | grep -vxF "$(in_use)" | tail -n "+$((kept + 1))" | while read -r old; do
        run rm -rf "${prefix:?}/$old"
    done
}

# --- Commands ---

install_version() {
    version=$(version_to_install)
    check_host
    check_python
    check_sources
    check_room
    build_version
    install_units
    switch_to "$version"
    settle
    forget_old_versions
    echo "done: version $version"
}

roll_back() {
    check_host
    version=${1:-$(version_before)}
    [ -n "$version" ] || fail "there is no other version to go back to"
    [ -e "$prefix/$version/.complete" ] || fail "version $version is not here: see install.sh list"
    switch_to "$version"
    settle
    echo "done: version $version"
}

list_versions() {
    versions | while read -r version; do
        [ "$version" = "$(in_use)" ] && mark='*' || mark=' '
        echo "$mark $version"
    done
}

remove_all() {
    check_host
    if is_systemd_running; then
        # shellcheck disable=SC2086 # a list of names
        run systemctl disable --quiet --now hopline.target hopline-redirect.socket $services ||
            echo "nothing was enabled"
    fi
    if [ "$with_units" = yes ]; then
        run rm -rf "$units"/hopline-redirect.* "$units"/hopline-console.* "$units"/hopline-workers.* \
            "$units/hopline-migrate.service" "$units/hopline.target" "$units/hopline-.service.d" \
            /etc/sysusers.d/hopline.conf /etc/tmpfiles.d/hopline.conf /usr/local/bin/hopline
    fi
    run rm -rf "$prefix"
    if [ "$purge" = yes ]; then
        run rm -rf /etc/hopline /var/lib/hopline /run/hopline
    fi
    ! is_systemd_running || run systemctl daemon-reload
    echo "done: removed"
}

while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry_run=yes ;;
        --purge) purge=yes ;;
        --no-units) with_units=no ;;
        --wheelhouse | --python)
            [ $# -ge 2 ] || misused "$1 needs a value"
            if [ "$1" = --python ]; then python=$2; else wheelhouse=$2; fi
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) misused "unknown option $1" ;;
        *) break ;;
    esac
    shift
done

command=${1:-install}
[ $# -eq 0 ] || shift
case $command in
    install) install_version ;;
    rollback) roll_back "$@" ;;
    remove) remove_all ;;
    list) list_versions ;;
    *) misused "unknown command $command" ;;
esac
