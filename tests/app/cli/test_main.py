import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.main import COMMANDS, load_command
from app.version import __version__

Run = Callable[..., object]


def test_the_version_is_told(hopline: Run) -> None:
    assert hopline("--version").out == f"hopline {__version__}\n"


def test_help_lists_every_command_with_its_sentence(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ended = hopline("--help")
    assert ended.exit_code == 0
    for name, command in COMMANDS.items():
        assert f" {name} " in ended.out
        assert command.sentence in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_describes_a_command_as_the_command_does_itself(name: str) -> None:
    first = load_command(name).help.partition("\n\n")[0]
    assert " ".join(first.split()).startswith(COMMANDS[name].sentence)


def test_garbage_is_looked_for_once_a_command_is_loaded() -> None:
    gc.disable()
    try:
        load_command("metrics")
        assert gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(hopline: Run, name: str) -> None:
    ended = hopline(name, "--help")
    assert (ended.exit_code, ended.err) == (0, "")
    assert f"hopline {name}" in ended.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["lnks"], "no such command 'lnks'. Did you mean 'links'? (`hopline --help` says more)"),
        (["replay"], "missing option '--since' (`hopline replay --help` says more)"),
        (["links", "show"], "missing argument 'code' (`hopline links show --help` says more)"),
        (["up", "--frob"], "no such option: --frob (`hopline up --help` says more)"),
    ],
)
def test_wrong_usage_is_one_line_that_names_what_is_wrong(
    hopline: Run, arguments: list[str], complaint: str
) -> None:
    assert hopline(*arguments) == (2, "", f"hopline: {complaint}\n")


@pytest.mark.parametrize("arguments", [[], ["links"], ["dead"]])
def test_without_a_command_the_help_is_shown(hopline: Run, arguments: list[str]) -> None:
    ended = hopline(*arguments)
    assert (ended.exit_code, ended.err) == (2, "")
    assert "Usage: hopline" in ended.out


def test_a_help_is_broken_by_the_width_of_the_terminal(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = hopline("audit", "--help").out
    assert "Exit code 1 if one is missing, or if one is in ClickHouse" in text
    assert "\n hopline audit --since 24h" in text


def test_a_bad_setting_names_variable_value_and_need(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("HOPLINE_CODE_LENGTH", "many")
    monkeypatch.setenv("HOPLINE_REDIRECT_BIND", "8080")
    ended = hopline("links", "list")
    assert ended.exit_code == 2
    assert ended.err.splitlines() == [
        "hopline: HOPLINE_REDIRECT_BIND='8080': expected HOST:PORT, unix:PATH or fd://N,"
        " an IPv6 address in brackets",
        "hopline: HOPLINE_CODE_LENGTH='many': input should be a valid integer,"
        " unable to parse string as an integer",
    ]


def test_a_store_that_is_away_is_one_clear_line(hopline: Run, monkeypatch) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://:geheim@127.0.0.1:1/0")
    ended = hopline("links", "list")
    assert (ended.exit_code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("hopline: Redis at 127.0.0.1:1 is away: ")
    assert ended.err.endswith(". Is `hopline up` running?\n")
    assert "geheim" not in ended.err


def test_help_loads_no_driver() -> None:
    """It has to appear at once, also where completions ask for it on every key."""
    code = (
        "import sys; from app.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('redis', 'clickhouse_driver', 'pydantic') if m in sys.modules],"
        " file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert ended.stderr == "[]\n"


def test_the_installed_command_runs() -> None:
    hopline = os.path.join(os.path.dirname(sys.executable), "hopline")  # noqa: PTH118, PTH120
    ended = subprocess.run(
        [hopline, "--version"], capture_output=True, text=True, timeout=120, check=True
    )
    assert ended.stdout == f"hopline {__version__}\n"


@pytest.mark.parametrize(
    ("place", "environment", "said"),
    [
        ("/dev/full", {}, "the output can't be written: No space left on device"),
        ("pipe", {"PYTHONIOENCODING": "ascii"}, "the output can't be written in ascii: set "),
    ],
)
def test_output_that_nothing_takes_ends_in_one_line(
    tmp_path: Path, place: str, environment: dict[str, str], said: str
) -> None:
    output = tmp_path / "output" if place == "pipe" else Path(place)
    with output.open("w") as opened:
        ended = subprocess.run(
            [Path(sys.executable).with_name("hopline"), "settings"],
            stdout=opened,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "HOPLINE_STREAM": "clicks:é", **environment},
        )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(f"hopline: {said}")


def test_a_reader_that_has_seen_enough_is_no_failure_to_speak_of() -> None:
    command = f"{Path(sys.executable).with_name('hopline')} settings --json | head -n 1"
    ended = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=120, check=True
    )
    assert (ended.stdout, ended.stderr) == ("[\n", "")
