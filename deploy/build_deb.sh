#!/bin/sh
# Builds the Debian package hopline_VERSION_ARCHITECTURE.deb: `make deb`.
#
# It holds Hopline and all it needs as wheels, so that installing it takes no network, and
# deploy/install.sh, which makes a virtual environment of them on the host: the version before stays
# whole beside it until nothing runs from it any more, which files unpacked by dpkg would not.
#
# Environment: VERSION builds under another version than app/version.py says, PYTHON for another
# Python than the distribution's, OUTPUT into another folder than build/.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-/usr/bin/python3}
output=${OUTPUT:-$root/build}
wheelhouse=$root/build/wheelhouse
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "hopline: $*" >&2
    exit 1
}

check() {
    command -v dpkg-deb >/dev/null || fail "install dpkg-deb (Debian: apt install dpkg)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python can't make virtual environments (Debian: apt install python3-venv)"
}

# Only what git knows or would add: nothing left from other builds gets into a package.
copy_sources() {
    (cd "$root" && git ls-files -z --cached --others --exclude-standard app workers setup.cfg setup.py pyproject.toml README.md LICENSE) |
        (cd "$root" && xargs -0 cp --parents -t "$work")
    if [ -n "${VERSION:-}" ]; then
        sed -i "s/^__version__ = .*/__version__ = \"$VERSION\"/" "$work/app/version.py"
    fi
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$work/app/version.py")
}

make_pip() {
    "$python" -m venv "$work/venv"
    pip="$work/venv/bin/python -m pip --quiet --disable-pip-version-check"
}

# The wheels of everything we depend on and are built with; kept until the lock changes.
collect_dependencies() {
    wanted=$(sha256sum <"$root/deploy/requirements.lock")
    if [ "$(cat "$wheelhouse/.made-for" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$wheelhouse"
        "$root/deploy/locked.sh" "$work/venv/bin/python" wheel --no-cache-dir --wheel-dir "$wheelhouse"
        echo "$wanted" >"$wheelhouse/.made-for"
    fi
}

lay_out() {
    tree=$work/tree
    share=$tree/usr/share/hopline
    mkdir -p "$share/wheels" "$tree/DEBIAN"
    cp "$wheelhouse"/*.whl "$share/wheels/"
    $pip install --upgrade --no-index --find-links "$wheelhouse" setuptools
    $pip wheel --no-deps --no-build-isolation --wheel-dir "$share/wheels" "$work"
    cd "$root/deploy"
    install -m 755 install.sh "$share/install.sh"
    install -D -m 755 hopline "$tree/usr/bin/hopline"
    install -D -m 644 hopline.env "$tree/etc/hopline/hopline.env"
    install -D -m 644 -t "$tree/lib/systemd/system" systemd/hopline*.service \
        systemd/hopline-redirect.socket systemd/hopline.target
    install -D -m 644 -t "$tree/lib/systemd/system/hopline-.service.d" systemd/hopline-.service.d/10-all.conf
    install -D -m 644 sysusers.d/hopline.conf "$tree/usr/lib/sysusers.d/hopline.conf"
    install -D -m 644 tmpfiles.d/hopline.conf "$tree/usr/lib/tmpfiles.d/hopline.conf"
    lay_out_documents "$tree/usr/share/doc/hopline"
}

# Laid out as here, so that what links to each other still does.
lay_out_documents() {
    cd "$root"
    install -D -m 644 deploy/debian/copyright "$1/copyright"
    install -m 644 -t "$1" README.md CHANGELOG.md CONTRIBUTING.md LICENSE
    git ls-files -z docs deploy/README.md deploy/redis deploy/clickhouse deploy/nginx deploy/caddy \
        deploy/prometheus deploy/grafana |
        xargs -0 cp --parents -t "$1"
}

# Wheels with compiled code are for one minor version of Python.
write_control() {
    this_python=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
    next_python=$("$python" -c 'import sys; print("{}.{}".format(sys.version_info[0], sys.version_info[1] + 1))')
    sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$(dpkg --print-architecture)/" \
        -e "s/@PYTHON@/$this_python/; s/@NEXT_PYTHON@/$next_python/" \
        -e "s/@KILOBYTES@/$(du -sk "$tree" | cut -f 1)/" \
        "$root/deploy/debian/control" >"$tree/DEBIAN/control"
    install -m 644 -t "$tree/DEBIAN" "$root/deploy/debian/conffiles"
    install -m 755 -t "$tree/DEBIAN" "$root"/deploy/debian/postinst "$root"/deploy/debian/prerm \
        "$root"/deploy/debian/postrm
}

check
copy_sources
make_pip
collect_dependencies
lay_out
write_control
mkdir -p "$output"
# Wheels are compressed already: more than this costs twenty times as long for half a percent.
dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$output" | sed -n "s/.*in '\(.*\)'\.$/\1/p"
