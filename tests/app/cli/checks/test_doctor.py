import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.audit.entry_counts import EntryLedger
from app.cli.checks.doctor import print_checks
from app.config.instance import instance_id
from app.config.loading import load_environment
from app.health.check import fail
from app.stores.keys import aof_rewrite_key
from app.stores.redis.client import connect
from app.stores.redis.loading import Loading


class ReadyService(BaseHTTPRequestHandler):
    """Answers every GET as a service that is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Hopline-Instance", self.server.instance)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Any]:
    with HTTPServer(("127.0.0.1", 0), ReadyService) as server:
        server.instance = ""
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def environ(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str, redis_url: str, service: Any
) -> pytest.MonkeyPatch:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    bind = f"127.0.0.1:{service.server_port}"
    service.instance = instance_id(load_environment(redis_url=redis_url))
    for name in ("REDIRECT_BIND", "CONSOLE_BIND", "REDIRECT_METRICS_BIND"):
        monkeypatch.setenv(f"HOPLINE_{name}", bind)
    monkeypatch.setenv("HOPLINE_WORKERS_METRICS_BIND", "off")
    return monkeypatch


def states(hopline: Callable[..., Any]) -> tuple[int, dict[str, str]]:
    ended = hopline("doctor", "--json")
    found = json.loads(ended.out)
    assert found["healthy"] == (ended.exit_code == 0)
    return ended.exit_code, {check["name"]: check["state"] for check in found["checks"]}


def start_a_consumer(redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        client.xgroup_create("clicks:stream", "analytics-group", "0", mkstream=True)
        client.xreadgroup("analytics-group", "one", {"clicks:stream": ">"})
        ledger = EntryLedger(client.execute_command, "clicks:stream", "analytics-group")
        ledger.check()
        now_ms = time.time_ns() // 1_000_000
        ledger.note_clicks(now_ms, 0, 0, 0)
        client.hset(aof_rewrite_key("clicks:stream", "analytics-group"), "done", now_ms)


def test_an_installation_that_is_well(
    hopline: Callable[..., Any], environ: pytest.MonkeyPatch, redis_url: str
) -> None:
    start_a_consumer(redis_url)
    exit_code, found = states(hopline)
    assert exit_code == 0
    assert {name for name, state in found.items() if state != "ok"} == {"geoip"}
    assert set(found) == {
        "settings",
        "redis",
        "redis clock",
        "redis rewrite",
        "redis persistence",
        "redis eviction",
        "redis slow log",
        "redis fork",
        "redis writes",
        "redis rights",
        "spool",
        "redis memory",
        "redis replication",
        "backlog",
        "workers",
        "ledger",
        "dead letters",
        "clickhouse",
        "clickhouse clock",
        "schema",
        "clickhouse disk",
        "clickhouse inserts",
        "clickhouse reports",
        "tables",
        "lifetimes",
        "resting months",
        "sums",
        "freshness",
        "redirect",
        "console",
        "console door",
        "redirect metrics",
        "redirect metrics port",
        "workers metrics",
        "private files",
        "trusted proxies",
        "webhooks",
        "links index",
        "geoip",
        "rules",
        "data disk",
        "spool disk",
        "sqlite",
    }


def test_a_service_that_is_masked_is_not_missed(
    hopline: Callable[..., Any],
    environ: pytest.MonkeyPatch,
    redis_url: str,
    tmp_path: Path,
) -> None:
    start_a_consumer(redis_url)
    environ.setenv("HOPLINE_CONSOLE_BIND", "127.0.0.1:1")
    assert states(hopline)[1]["console"] == "fail"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho Id=hopline-console.service; echo LoadState=masked\n")
    systemctl.chmod(0o755)
    environ.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert "console" not in states(hopline)[1]


def test_services_of_another_installation_are_not_taken_for_ours(
    hopline: Callable[..., Any], environ: pytest.MonkeyPatch, service: Any, redis_url: str
) -> None:
    start_a_consumer(redis_url)
    environ.setenv("HOPLINE_WORKERS_METRICS_BIND", f"127.0.0.1:{service.server_port}")
    service.instance = "another"
    exit_code, found = states(hopline)
    assert exit_code == 1
    assert {name: state for name, state in found.items() if state != "ok"} == {
        "redirect": "fail",
        "console": "fail",
        "redirect metrics port": "warn",
        "freshness": "warn",
        "geoip": "warn",
    }


def test_everything_away_is_said_in_one_line_each(
    hopline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", f"clickhouse://127.0.0.1:{free_port()}/x")
    monkeypatch.setenv("HOPLINE_REDIRECT_BIND", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", "fd://3")
    ended = hopline("doctor")
    assert (ended.exit_code, ended.err) == (1, "")
    rows = [line.split("\t") for line in ended.out.splitlines()[1:]]
    found = {name: state for state, name, _ in rows}
    assert {name for name, state in found.items() if state == "fail"} == {
        "redis",
        "clickhouse",
        "redirect",
    }
    assert found["console"] == "warn"


def test_a_redis_that_loads_its_data_is_said_to_and_how_far_it_is(
    hopline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://127.0.0.1:{free_port()}")
    loading = Loading("Valkey", loaded_bytes=5, percent=40.0, left_seconds=12)
    monkeypatch.setattr("app.health.system.examination.ask_loading", lambda *_, **__: loading)
    rows = [line.split("\t") for line in hopline("doctor").out.splitlines()[1:]]
    (text,) = [text for state, name, text in rows if (state, name) == ("fail", "redis")]
    assert text.startswith("Valkey is loading its data, 40 %, about 12 s left")


def test_a_service_that_accepts_and_says_nothing_is_not_waited_for(
    hopline: Callable[..., Any], environ: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ.setenv("HOPLINE_CONSOLE_BIND", f"127.0.0.1:{silent.getsockname()[1]}")
        assert states(hopline)[1]["console"] == "fail"


def test_a_variable_that_nothing_reads_is_named(
    hopline: Callable[..., Any], environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("HOPLINE_REDIS_URI", "redis://x")
    assert "no setting reads HOPLINE_REDIS_URI" in hopline("doctor").out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (("SET", "clicks:stream", "x"), "a database of its own"),
        (("ACL", "SETUSER", "default", "-xadd"), "grant it"),
        (("CONFIG", "SET", "maxmemory", "1"), "give Redis more memory"),
    ],
    ids=" ".join,
)
def test_a_redis_that_takes_no_clicks_is_not_well(
    hopline: Callable[..., Any],
    environ: pytest.MonkeyPatch,
    valkey_server: Callable[[], Any],
    fault: tuple[str, ...],
    words: str,
) -> None:
    server = valkey_server()
    environ.setenv("HOPLINE_REDIS_URL", server.url)
    with connect(server.url, timeout_seconds=30) as client:
        client.execute_command(*fault)
    ended = hopline("doctor")
    assert ended.exit_code == 1
    assert words in ended.out


def test_a_narrow_terminal_shows_findings_that_can_be_read(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    # To rich, a dumb terminal has 80 columns whatever it says.
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    print_checks([fail("clickhouse inserts", "the disk of ClickHouse is full", "make room")])
    first, second = capsys.readouterr().out.splitlines()
    assert "clickhouse inserts  the disk of ClickHouse is full" in first
    assert "→ make room" in second
