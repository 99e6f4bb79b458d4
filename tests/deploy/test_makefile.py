"""What `make` does before anything of Hopline runs: the virtual environment, and pip's errors."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
#: A Python of version 3.$MINOR that makes virtual environments of nothing.
PYTHON = """#!/bin/sh
case "$*" in
*print*) echo "3.$MINOR" ;;
"-m venv .venv")
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    printf 'version = 3.%s.2\\n' "$MINOR" >.venv/pyvenv.cfg
    printf 'command = %s -m venv %s/.venv\\n' "$0" "$PWD" >>.venv/pyvenv.cfg ;;
esac
"""


class Checkout:
    """A folder with the Makefile alone, and a Python on the PATH."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        programs.mkdir()
        for name in ("python3", "python3.99"):
            (programs / name).write_text(PYTHON)
            (programs / name).chmod(0o755)
        self._path = f"{programs}:{os.environ['PATH']}"

    def make(self, *arguments: str, minor: int = 11) -> str:
        """Run make where the system's Python has a minor version; return what it said."""
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env={"PATH": self._path, "MINOR": str(minor)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_environment(self, **options: int) -> str:
        return self.make(".venv/pyvenv.cfg", **options)

    def fill(self) -> Path:
        """Make the environment, and put something into it; return that."""
        self.make_environment()
        content = self.folder / ".venv" / "content"
        content.touch()
        (self.folder / ".tox").mkdir()
        return content


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a folder", tmp_path / "bin")


def test_an_environment_that_fits_stays(checkout: Checkout) -> None:
    content = checkout.fill()
    assert "anew" not in checkout.make_environment()
    assert content.exists()


def test_after_an_upgrade_of_python_it_is_made_anew(checkout: Checkout) -> None:
    content = checkout.fill()
    assert ".venv is of Python 3.11" in checkout.make_environment(minor=13)
    assert not content.exists()
    assert not (checkout.folder / ".tox").exists()
    assert "3.13" in (checkout.folder / ".venv" / "pyvenv.cfg").read_text()


def test_where_the_folder_was_moved_it_is_made_anew(checkout: Checkout) -> None:
    content = checkout.fill()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("elsewhere"))
    assert "anew" in checkout.make_environment()
    assert not (checkout.folder / ".venv" / content.name).exists()
    assert "anew" not in checkout.make_environment()


def test_another_python_that_is_named_gets_one_of_its_own(checkout: Checkout) -> None:
    content = checkout.fill()
    assert "anew" in checkout.make(".venv/pyvenv.cfg", "PYTHON=python3.99", minor=12)
    assert not content.exists()


@pytest.mark.parametrize("goal", ["help", ""])
def test_who_only_asks_what_there_is_loses_nothing(checkout: Checkout, goal: str) -> None:
    content = checkout.fill()
    checkout.make(*filter(None, [goal]), minor=13)
    assert content.exists()


@pytest.mark.parametrize(
    "said",
    [
        "WARNING: Retrying … NewConnectionError('<pip._vendor…>: Failed to establish'): /simple/x/",
        "NameResolutionError(\"HTTPSConnection(host='pypi.org', port=443): Failed to resolve\")",
        "ConnectTimeoutError(<pip…>, 'Connection to pypi.org timed out. (connect timeout=15)')",
        "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed'))",
        "ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.org', port=443): Read timed out.\")",
    ],
)
def test_without_a_network_one_line_says_so(tmp_path: Path, said: str) -> None:
    done = run_pip(
        tmp_path, "echo \"$SAID\" >&2; echo 'ERROR: No matching distribution' >&2; exit 1", said
    )
    assert done.returncode == 1
    assert done.stderr.startswith("hopline: pip can't reach its index: check the network")
    assert done.stderr.count("\n") == 1


def test_whatever_else_pip_says_is_shown(tmp_path: Path) -> None:
    done = run_pip(tmp_path, 'echo "$SAID" >&2; exit 2', "error: a wheel can't be built")
    assert done.returncode == 1
    assert done.stderr == "error: a wheel can't be built\n"
    assert run_pip(tmp_path, 'echo "$SAID" >&2', "a warning").stderr == "a warning\n"


def run_pip(folder: Path, script: str, said: str) -> subprocess.CompletedProcess[str]:
    """Run pip.sh with a Python whose pip is a script."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return subprocess.run(
        [DEPLOY / "pip.sh", python, "install", "x"],
        env={"PATH": os.environ["PATH"], "SAID": said},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
