"""Tests side by side, in processes of pytest-xdist, and the quiet ones on their own."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import scheduling

CONFTEST = """
import os
import time

import pytest

from tests.support import scheduling

scheduling.QUIET = ("test_a.py::test_quiet",)


def pytest_collection_modifyitems(items):
    scheduling.sort(items)


def pytest_xdist_make_scheduler(config, log):
    return scheduling.QuietLast(config, log)


@pytest.fixture(autouse=True)
def times(request):
    began = time.monotonic()
    yield
    line = f"{request.path.name} {request.node.name} {os.getpid()} {began} {time.monotonic()}\\n"
    with open("times", "a") as file:
        file.write(line)
"""

QUIET = """
import pytest


@pytest.mark.parametrize("number", range(4))
def test_quiet(number):
    pass


def test_beside():
    pass
"""

LOUD = """
import time

import pytest


@pytest.mark.parametrize("number", range(4))
def test_loud(number):
    time.sleep(0.2)
"""


class Ran(NamedTuple):
    """A test that was run."""

    file: str
    name: str
    pid: str
    began: str
    ended: str

    @property
    def is_quiet(self) -> bool:
        return self.name.startswith("test_quiet")


@pytest.fixture
def run(tmp_path: Path):
    """A function that runs some of a folder's tests in three processes."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_a.py").write_text(QUIET)
    for name in ("test_b.py", "test_c.py", "test_d.py"):
        (tmp_path / name).write_text(LOUD)

    def run(*arguments: str) -> list[Ran]:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "xdist", "-n3", "--dist=loadfile"),
                *("--no-loadscope-reorder", "--rootdir", str(tmp_path), *arguments),
            ],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path.cwd()), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [Ran(*line.split()) for line in (tmp_path / "times").read_text().splitlines()]

    return run


def test_quiet_tests_run_last_and_alone_and_others_by_file_side_by_side(run):
    ran = run()
    quiet = [one for one in ran if one.is_quiet]
    others = [one for one in ran if not one.is_quiet]
    assert (len(quiet), len(others)) == (4, 13)
    assert len({one.pid for one in quiet}) == 1
    assert min(float(one.began) for one in quiet) > max(float(one.ended) for one in others)
    places = {(one.file, one.pid) for one in others}
    assert len(places) == 4
    assert len({pid for _, pid in places}) > 1


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("test_a.py",), 5),
        (("test_a.py::test_quiet",), 4),
        (("test_a.py::test_quiet", "test_b.py"), 8),
    ],
)
def test_quiet_tests_wait_though_there_are_fewer_files_than_processes(run, arguments, count):
    ran = run(*arguments)
    assert len(ran) == count
    others = [float(one.ended) for one in ran if not one.is_quiet]
    assert min(float(one.began) for one in ran if one.is_quiet) > max(others, default=0.0)


def test_every_quiet_test_is_there():
    for start in scheduling.QUIET:
        path, _, name = start.partition("::")
        source = Path(path).read_text()
        assert not name or re.search(rf"^ *(def|class) {name}", source, re.MULTILINE), start
