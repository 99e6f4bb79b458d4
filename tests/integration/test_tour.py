"""The README's blocks of commands, run as printed beside a real `hopline up`."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.processes.child import wait_for
from tests.conftest import missing
from tests.support.up_process import Up

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DATE = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT")
#: What takes as long as the tests themselves isn't run but looked at.
BY_MAKE = {"make up": "hopline up", "make test": "tox run"}
STORES = "export HOPLINE_REDIS_URL=redis://redis.internal:6379/0"
NOT_IN_TOUR = (*BY_MAKE, STORES)


class Typed(NamedTuple):
    """A command of the README and what is printed under it."""

    command: str
    printed: str


def blocks() -> list[list[Typed]]:
    return [list(typed(block)) for block in _BLOCK.findall((ROOT / "README.md").read_text())]


def typed(block: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield Typed(command, printed)


class Terminal:
    """A second terminal in the project's folder; only ports and names of hosts are the test's own.

    Args:
        names: what the README says, and what stands here in its place.
    """

    def __init__(self, home: Path, names: dict[str, str]) -> None:
        self._home, self._names = home, names
        (home / ".venv").symlink_to(sys.prefix)

    def run(self, commands: list[Typed]) -> list[tuple[int, str]]:
        """Run commands in one shell, and return for each its exit code and what it wrote."""
        script = "".join(f"{self._here(each.command)}\nprintf '\\0%s\\0' $?\n" for each in commands)
        environ = {"HOME": str(self._home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._home,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        *parts, _ = done.stdout.split("\0")
        assert len(parts) == 2 * len(commands), done.stderr
        return [
            (int(code), self._there(output.replace("\r\n", "\n")))
            for output, code in zip(parts[::2], parts[1::2], strict=True)
        ]

    def _here(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(theirs, ours)
        return text

    def _there(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(ours, theirs)
        return text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def terminal(
    home: Path, up: Callable[..., Up], cache_dir: Path, country_database: Path, free_port
) -> Terminal:
    """What the README calls a second terminal: it knows of `make up` by its folder alone."""
    if not shutil.which("curl"):
        missing("curl")
    assert country_database.is_relative_to(cache_dir)
    running = up(
        "home/.local/share/hopline",
        HOME=str(home),
        HOPLINE_CACHE_DIR=str(cache_dir),
        HOPLINE_REDIRECT_METRICS_BIND=f"127.0.0.1:{free_port()}",
        HOPLINE_WORKERS_METRICS_BIND=f"127.0.0.1:{free_port()}",
    )
    del running.environ["HOPLINE_DATA_DIR"]
    (home / ".local/share").mkdir(parents=True)
    running.start().wait_until_ready()
    console = running.environ["HOPLINE_CONSOLE_BIND"]
    return Terminal(home, {"127.0.0.1:8080": running.bind, "127.0.0.1:8081": console})


def test_the_tour_is_what_happens(terminal: Terminal, home: Path) -> None:
    tour = [each for block in blocks() if block[0].command not in NOT_IN_TOUR for each in block]
    for each, (code, output) in zip(tour, terminal.run(tour), strict=True):
        assert code == 0, (each.command, output)
        if each.printed:
            assert _DATE.sub("", output) == _DATE.sub("", each.printed), each.command
    assert {"hopline stats demo1", "hopline doctor"} <= {each.command for each in tour}
    assert (home / "links.csv").read_text().count("\n") == 3
    _the_text_between_is_true(terminal)


def _the_text_between_is_true(terminal: Terminal) -> None:
    """Check what the tour says without a block."""

    def ask(*commands: str) -> list[str]:
        lines = [". .venv/bin/activate", *commands]
        found = terminal.run([Typed(line, "") for line in lines])
        assert [code for code, _ in found] == [0] * len(lines)
        return [output for _, output in found[1:]]

    def counted() -> bool:
        return bool(json.loads(ask("hopline stats demo1 --json")[0])["bots"] == 1)

    assert wait_for(counted, 60)
    answer, listed, audit = ask(
        "curl -s http://127.0.0.1:8081/api/v1/links/demo1/stats", "hopline --help", "hopline audit"
    )
    assert json.loads(answer)["clicks"] == 1
    assert re.search(r"^. tail ", listed, re.MULTILINE)
    assert "1 accepted, 1 inserted" in audit


def test_your_own_stores_are_named_and_migrated_as_printed(
    home: Path, redis_url: str, clickhouse_url: str
) -> None:
    (stores,) = [block for block in blocks() if block[0].command == STORES]
    names = {
        "redis://redis.internal:6379/0": redis_url,
        "clickhouse://hopline@clickhouse.internal:9000/hopline": clickhouse_url,
    }
    found = Terminal(home, names).run([Typed(". .venv/bin/activate", ""), *stores])
    assert [code for code, _ in found] == [0] * 4


@pytest.mark.parametrize(("target", "runs"), BY_MAKE.items())
def test_what_make_is_said_to_do_is_what_it_runs(target: str, runs: str) -> None:
    assert [Typed(target, "")] in blocks()
    make = shutil.which("make")
    assert make
    done = subprocess.run(
        [make, "--dry-run", *target.split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert runs in done.stdout
