"""Reverse proxies in front of the redirect: nginx and Caddy as deploy/ configures them, with logs.

Only addresses, TLS and the limit for each visitor's address differ: all visitors of a run come from
this machine. What a proxy wrote down is an account that is kept by nobody of us.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from app.local.ports import LOOPBACK, is_listening
from app.processes.child import Program
from tests.chaos.visitors.client_log import REFERRER

_DEPLOY = Path(__file__).parents[3] / "deploy"
_NUMBER = re.compile(re.escape(REFERRER) + r"(\d+)")
_NGINX_LOG = "log_format chaos '$status $http_referer';"
_NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class ReverseProxy(NamedTuple):
    """A proxy in front of the redirect service.

    Attributes:
        read_log: returns the numbers of the clicks that it answered with a redirect.
    """

    name: str
    port: int
    program: Program
    read_log: Callable[[], Iterator[int]]


def nginx(directory: Path, port: int, redirect_port: int) -> ReverseProxy:
    """Return deploy/nginx/hopline.conf on a port of this machine.

    Raises:
        FileNotFoundError: nginx is not installed.
    """
    directory.mkdir(exist_ok=True)
    log, config = directory / "access.log", directory / "nginx.conf"
    paths = "".join(f"{name}_temp_path {directory}/{name};\n" for name in _NGINX_TEMPORARY)
    config.write_text(
        f"daemon off;\nworker_processes 1;\nerror_log stderr;\npid {directory}/nginx.pid;\n"
        f"user root;\nevents {{}}\nhttp {{\n{_NGINX_LOG}\n{paths}"
        f"{_nginx_site(port, redirect_port, log)}}}\n"
    )
    argv = (_binary("nginx"), "-p", str(directory), "-c", str(config))
    program = Program("nginx", argv, is_ready=lambda: is_listening(port))
    return ReverseProxy("nginx", port, program, lambda: _redirects_of_nginx(log))


def _nginx_site(port: int, redirect_port: int, log: Path) -> str:
    site = (_DEPLOY / "nginx/hopline.conf").read_text()
    # The server of plain HTTP only sends visitors on to HTTPS.
    site = re.sub(r"^server \{\n    listen 80;.*?^\}\n", "", site, flags=re.DOTALL | re.MULTILINE)
    for ours in (r"^ +listen \[::\].*\n", r"^ +ssl_.*\n", r"^ +limit_req .*\n"):
        site = re.sub(ours, "", site, flags=re.MULTILINE)
    return _replaced(
        site,
        {
            "unix:/run/hopline/redirect.sock": f"{LOOPBACK}:{redirect_port}",
            "listen 443 ssl http2;": f"listen {LOOPBACK}:{port};",
            "access_log off;": f"access_log {log} chaos;",
        },
    )


def caddy(directory: Path, port: int, redirect_port: int) -> ReverseProxy:
    """Return deploy/caddy/Caddyfile on a port of this machine.

    Raises:
        FileNotFoundError: Caddy is not installed.
    """
    directory.mkdir(exist_ok=True)
    log, config = directory / "access.log", directory / "Caddyfile"
    site = _replaced(
        (_DEPLOY / "caddy/Caddyfile").read_text(),
        {
            "\ngo.example.com {": f"\nhttp://:{port} {{\n\tbind {LOOPBACK}"
            f"\n\tlog {{\n\t\toutput file {log}\n\t\tformat json\n\t}}\n",
            "unix//run/hopline/redirect.sock": f"{LOOPBACK}:{redirect_port}",
        },
    )
    config.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    environ = {**os.environ, "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    argv = (_binary("caddy"), "run", "--config", str(config), "--adapter", "caddyfile")
    program = Program("caddy", argv, environ, lambda: is_listening(port))
    return ReverseProxy("caddy", port, program, lambda: _redirects_of_caddy(directory))


def _redirects_of_nginx(log: Path) -> Iterator[int]:
    with log.open(errors="replace") as lines:
        for line in lines:
            found = _NUMBER.search(line)
            if line.startswith("3") and found:
                yield int(found[1])


def _redirects_of_caddy(directory: Path) -> Iterator[int]:
    # Caddy begins another file at 100 MB.
    for log in directory.glob("access*.log"):
        with log.open(errors="replace") as lines:
            for line in lines:
                entry = json.loads(line)
                referrers = entry["request"]["headers"].get("Referer", [""])
                found = _NUMBER.match(referrers[0])
                if entry["status"] // 100 == 3 and found:
                    yield int(found[1])


def _replaced(text: str, places: dict[str, str]) -> str:
    for theirs, here in places.items():
        if theirs not in text:
            raise ValueError(f"{theirs!r} is no longer in the reference configuration")
        text = text.replace(theirs, here)
    return text


def _binary(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed (Debian: apt install {name})")
    return path
