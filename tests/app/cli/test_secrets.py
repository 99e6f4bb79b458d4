"""No command shows a part of a password, whatever is wrong with a store or its URL."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cli.main import COMMANDS, load_command
from app.processes.child import Child, Program
from tests.support.urls_with_passwords import SECRET, urls

Run = Callable[..., object]

#: Of each command one way to run it that asks a store, and nobody for consent.
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "backup": ("copy",),
    "capacity": ("--clicks-per-second", "10"),
    "dead purge": ("--all", "--yes"),
    "dead requeue": ("--all",),
    "dead show": ("1-1",),
    "erase": ("--code", "demo1", "--yes"),
    "explain": ("01981f4e5a3c7b1e9d2f00aa11bb22cc",),
    "links add": ("https://example.com/",),
    "links disable": ("demo1",),
    "links enable": ("demo1",),
    "links import": ("links.csv",),
    "links rm": ("demo1",),
    "links show": ("demo1",),
    "links update": ("demo1", "--title", "x"),
    "replay": ("--since", "1h"),
    "restore": ("copy",),
    "stats": ("demo1",),
}
#: What runs until it is stopped; see the last tests.
_SERVICES = ("console", "redirect", "up", "workers")
#: What waits until a store is back.
_PATIENT = ("replay",)


def _commands() -> Iterator[str]:
    """Yield every command there is, the inner ones of a group as well."""
    for name in COMMANDS:
        inner = getattr(load_command(name), "commands", {})
        yield from (f"{name} {each}" for each in inner)
        if not inner or name == "workers":
            yield name


@pytest.fixture
def ended(hopline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that returns what a command says, in a folder with a file of links."""
    (tmp_path / "links.csv").write_text("target\nhttps://example.com/\n")
    monkeypatch.chdir(tmp_path)

    def run(command: str) -> str:
        done = hopline(*command.split(), *_ARGUMENTS.get(command, ()))
        return done.out + done.err

    return run


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(url=urls, command=st.sampled_from(sorted({*_commands()} - {*_SERVICES})))
def test_no_command_shows_a_part_of_a_password_whatever_the_url_looks_like(
    ended: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, url: str, command: str
) -> None:
    # One of the two is always wrong, by its scheme, so that nobody's store is asked.
    monkeypatch.setenv("HOPLINE_REDIS_URL", url)
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", url)
    said = ended(command)
    assert SECRET not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("place", ["bob:hunter2@127.0.0.1:1", "bob:hunter2@{store}"])
def test_no_command_shows_the_password_that_a_store_does_not_take(
    ended: Callable[[str], str], redis_url: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    place = place.format(store=redis_url.partition("://")[2].partition("/")[0])
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://{place}/0")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", "clickhouse://bob:hunter2@127.0.0.1:1/hopline")
    for command in {*_commands()} - {*_SERVICES, *_PATIENT}:
        said = ended(command)
        assert SECRET not in said, command
        assert "Traceback" not in said, command


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_shows_no_password_of_a_url_that_it_can_not_use(
    ended: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://bob:hunter2#@127.0.0.1:1/0")
    said = ended(service)
    assert "write # as %23" in said
    assert SECRET not in said


def test_no_log_and_no_list_of_processes_shows_a_password(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    binds = ("REDIRECT_BIND", "CONSOLE_BIND", "REDIRECT_METRICS_BIND", "WORKERS_METRICS_BIND")
    environ = {f"HOPLINE_{name}": f"127.0.0.1:{free_port()}" for name in binds}
    environ |= {
        "HOPLINE_DATA_DIR": str(tmp_path),
        "HOPLINE_CONSUMERS": "1",
        "HOPLINE_REDIRECT_WORKERS": "1",
        "HOPLINE_REDIS_URL": f"redis://bob:%2F{SECRET}@127.0.0.1:1/0",
        "HOPLINE_CLICKHOUSE_URL": f"clickhouse://bob:%2F{SECRET}@127.0.0.1:1/hopline",
    }
    logs = {service: tmp_path / f"{service}.log" for service in ("console", "redirect", "workers")}
    with ExitStack() as started:
        children = [_child(service, environ, log) for service, log in logs.items()]
        for child in children:
            child.spawn()
            started.callback(child.stop, 30)
        for child in children:
            child.wait_until_ready(60)
        assert all(SECRET not in _text(line) for line in Path("/proc").glob("[0-9]*/cmdline"))
    for log in logs.values():
        assert "127.0.0.1" in log.read_text()
        assert SECRET not in log.read_text()


def _child(service: str, environ: dict[str, str], log: Path) -> Child:
    argv = (str(Path(sys.executable).with_name("hopline")), service)
    whole = {**os.environ, **environ}
    return Child(Program(service, argv, whole, lambda: "127.0.0.1" in log.read_text()), log)


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        # It has ended meanwhile.
        return ""
