"""The examples for nginx and Caddy in front of a real console, by real programs."""

import itertools
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from app.console.live.resource import PATH
from app.processes.child import Child, Program
from tests.conftest import missing
from tests.support.certificates import self_signed
from tests.support.redirect_servers import ConsoleServer
from tests.support.servers import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "console.example.com"
TOKEN = "sixteen-characters-and-more"
READY_SECONDS = 60
DEADLINE_SECONDS = 60
CLICK = {
    "short_code": "abc",
    "timestamp": "1790000000",
    "ip": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "referer": "",
    "original_url": "https://example.com/",
}


@pytest.fixture
def console(redis_url: str, tmp_path: Path) -> Iterator[ConsoleServer]:
    settings = {
        "redis_url": redis_url,
        "clickhouse_url": "clickhouse://127.0.0.1:1/hopline",
        "console_hosts": HOST,
        "console_token": TOKEN,
    }
    with ConsoleServer(tmp_path / "console", **settings) as server:
        yield server


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[Program], None]]:
    """A function that starts programs, which end with the test."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def start(program: Program) -> None:
            child = Child(program, tmp_path / f"{program.name}-{next(numbers)}.log")
            child.spawn()
            stack.callback(child.kill)
            child.wait_until_ready(READY_SECONDS)

        yield start


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def nginx(started: Callable[[Program], None], tmp_path: Path, console: ConsoleServer) -> int:
    program = shutil.which("nginx") or missing("nginx")
    certificate, key = self_signed(tmp_path, HOST)
    port = free_port()
    ours = (DEPLOY / "nginx/console.conf").read_text()
    ours = re.sub(r"^ +listen \[::\].*$", "", ours, flags=re.MULTILINE)
    for theirs, here in {
        "127.0.0.1:8081": f"127.0.0.1:{console.port}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": certificate,
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": key,
    }.items():
        assert theirs in ours
        ours = ours.replace(theirs, str(here))
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off;\nworker_processes 1;\nerror_log stderr;\npid {tmp_path}/nginx.pid;\n"
        f"user root;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{ours}}}\n"
    )
    argv = (program, "-p", str(tmp_path), "-c", str(config))
    started(Program("nginx", argv, is_ready=lambda: listens(port)))
    return port


@pytest.fixture
def caddy(started: Callable[[Program], None], tmp_path: Path, console: ConsoleServer) -> int:
    program = shutil.which("caddy") or missing("caddy")
    http, https = free_port(), free_port()
    ours = (DEPLOY / "caddy/console.Caddyfile").read_text()
    assert "127.0.0.1:8081" in ours
    ours = ours.replace("127.0.0.1:8081", f"127.0.0.1:{console.port}")
    config = tmp_path / "Caddyfile"
    config.write_text(
        f"{{\nadmin off\nlocal_certs\nskip_install_trust\n"
        f"http_port {http}\nhttps_port {https}\n}}\n{ours}"
    )
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    argv = (program, "run", "--config", str(config), "--adapter", "caddyfile")

    def is_ready() -> bool:
        # It listens before it has made its certificate.
        return (
            ask(https, "/-/live", "--write-out", "%{http_code}", "--output", "/dev/null") == "200"
        )

    started(Program("caddy", argv, environ, is_ready))
    return https


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest) -> int:
    port: int = request.getfixturevalue(request.param)
    return port


def command(port: int, path: str, *options: str) -> list[str]:
    return [
        *("curl", "--silent", "--insecure", "--max-time", str(DEADLINE_SECONDS)),
        *("--resolve", f"{HOST}:{port}:127.0.0.1"),
        *("--header", f"Authorization: Bearer {TOKEN}"),
        *(*options, f"https://{HOST}:{port}{path}"),
    ]


def ask(port: int, path: str, *options: str) -> str:
    ended = subprocess.run(
        command(port, path, *options), capture_output=True, text=True, check=False
    )
    return ended.stdout


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_events_come_through_at_once(front: int, version: str, redis_url: str) -> None:
    argv = command(front, PATH, version, "--no-buffer")
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        lines = iter(client.stdout.readline, b"")
        # A tick comes with the head; a later one was not waited for by others behind it.
        ticks = [line for line in itertools.islice(lines, 20) if line == b"event: tick\n"]
        assert len(ticks) > 2
        with Redis.from_url(redis_url) as redis:
            entry_id = redis.xadd("clicks:stream", CLICK)
        assert any(line == b"id: %b\n" % entry_id for line in lines)
        client.kill()


def test_the_interface_is_answered_as_by_the_console(front: int) -> None:
    assert ask(front, "/api/v1/links", "--write-out", "%{http_code}").endswith("200")
    assert ask(front, "/-/metrics", "--write-out", "%{http_code}").endswith("200")
