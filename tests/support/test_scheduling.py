"""Tests side by side, by turns and alone, in processes of pytest-xdist."""

import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import scheduling

CONFTEST = """
import os
import time

import pytest

from tests.support import scheduling

scheduling.ALONE = ("test_a.py::test_alone",)
scheduling.BY_TURNS = (("test_c.py", "test_b.py::test_loud"), ("test_nowhere.py",))


def pytest_sessionstart():
    scheduling.stand_back()


def pytest_collection_modifyitems(items):
    scheduling.sort(items)


def pytest_xdist_make_scheduler(config, log):
    return scheduling.SharedMachine(config, log)


@pytest.fixture(autouse=True)
def times(request):
    began = time.monotonic()
    yield
    ran = (request.path.name, request.node.name, os.getpid(), os.nice(0), began, time.monotonic())
    with open("times", "a") as file:
        print(*ran, file=file)
"""

ALONE = """
import pytest


@pytest.mark.parametrize("number", range(4))
def test_alone(number):
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
    niceness: str
    began: str
    ended: str

    @property
    def is_alone(self) -> bool:
        return self.name.startswith("test_alone")


@pytest.fixture
def run(tmp_path: Path):
    """A function that runs some of a folder's tests in three processes."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_a.py").write_text(ALONE)
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
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [Ran(*line.split()) for line in (tmp_path / "times").read_text().splitlines()]

    return run


def test_what_runs_alone_comes_last_and_others_by_file_side_by_side(run):
    ran = run()
    alone = [one for one in ran if one.is_alone]
    others = [one for one in ran if not one.is_alone]
    assert (len(alone), len(others)) == (4, 13)
    assert len({one.pid for one in alone}) == 1
    assert min(float(one.began) for one in alone) > max(float(one.ended) for one in others)
    places = {(one.file, one.pid) for one in others}
    assert len(places) == 4
    assert len({pid for _, pid in places}) > 1


def test_what_takes_turns_begins_first_in_one_process_in_the_order_of_the_table(run):
    ran = run()
    by_turns = [one for one in ran if one.file in ("test_b.py", "test_c.py")]
    others = [one for one in ran if one.file == "test_d.py"]
    assert [one.file for one in by_turns] == ["test_c.py"] * 4 + ["test_b.py"] * 4
    assert len({one.pid for one in by_turns}) == 1
    assert {one.pid for one in others}.isdisjoint(one.pid for one in by_turns)


def test_side_by_side_nothing_that_a_test_starts_can_stand_back_for_another(run):
    assert {one.niceness for one in run("test_b.py", "test_d.py")} == {"19"}


def test_a_process_alone_keeps_its_priority(run):
    assert {one.niceness for one in run("test_d.py", "-n0")} == {str(os.nice(0))}


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("test_a.py",), 5),
        (("test_a.py::test_alone",), 4),
        (("test_a.py::test_alone", "test_b.py"), 8),
    ],
)
def test_what_runs_alone_waits_though_there_are_fewer_files_than_processes(run, arguments, count):
    ran = run(*arguments)
    assert len(ran) == count
    others = [float(one.ended) for one in ran if not one.is_alone]
    assert min(float(one.began) for one in ran if one.is_alone) > max(others, default=0.0)


@pytest.mark.parametrize(
    "start", [*scheduling.ALONE, *chain(*scheduling.BY_TURNS), *scheduling.LONG_FIRST]
)
def test_everything_that_is_named_is_there(start):
    path, _, name = start.partition("::")
    assert Path(path).exists()
    assert not name or re.search(rf"^ *(def|class) {name}", Path(path).read_text(), re.MULTILINE)
