"""The command as a process: Ctrl-C at any point, and standard files that are closed or full."""

import os
import signal
import subprocess
import sys

import pytest

#: Presses Ctrl-C when a module is asked for.
_CTRL_C_AT = """
import os, signal, sys
class Hook:
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Hook())
sys.argv = ["hopline", "links", "list"]
from app.cli.entry import main
main()
"""
_NOWHERE = {"HOPLINE_REDIS_URL": "redis://127.0.0.1:1/0"}


def run(code: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **_NOWHERE},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **kwargs,
    )


@pytest.mark.parametrize("name", ["app.cli.main", "typer"])
def test_ctrl_c_while_the_command_is_loaded_ends_it_without_a_word(name: str) -> None:
    ended = run(_CTRL_C_AT.format(name=name))
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("name", ["app.cli.links.links", "redis", "app.cli.errors"])
def test_ctrl_c_while_it_works_or_tells_of_a_failure_is_one_line(name: str) -> None:
    ended = run(_CTRL_C_AT.format(name=name))
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.strip() == "hopline: stopped"


def test_who_was_told_to_ignore_ctrl_c_does() -> None:
    ended = run(
        _CTRL_C_AT.format(name="redis"),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert ended.returncode == 1
    assert "is away" in ended.stderr


@pytest.mark.parametrize(
    ("typed", "exit_code", "said"),
    [
        ("settings >&-", 0, ""),
        ("settings <&- >&-", 0, ""),
        ("settings <&- >&- 2>&-", 0, ""),
        ("lnks >&-", 2, "hopline: no such command 'lnks'"),
        ("lnks 2>&-", 2, ""),
        ("lnks 2>/dev/full", 2, ""),
        ("links list >&-", 1, "is away"),
        ("links list 2>/dev/full", 1, ""),
        ("erase --code demo1 <&-", 2, "say --yes"),
        ("settings --json <&- | head -c 1", 0, "["),
    ],
)
def test_a_standard_file_that_is_closed_or_full_ends_nothing_badly(
    typed: str, exit_code: int, said: str
) -> None:
    command = f"{sys.executable} -c 'from app.cli.entry import main; main()' {typed}"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        env={**os.environ, **_NOWHERE},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == exit_code
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert bool(ended.stdout + ended.stderr) == bool(said)


def test_what_is_opened_first_does_not_take_the_number_of_a_closed_output() -> None:
    code = (
        "import os; from app.cli.entry import open_missing_files; open_missing_files();"
        " opened = os.open('/proc/self/stat', os.O_RDONLY); print('lost'); os._exit(opened < 3)"
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", f'exec {sys.executable} -c "{code}" <&- >&-'], timeout=60, check=False
    )
    assert ended.returncode == 0
