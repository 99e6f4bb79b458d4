"""A load-tester's hour as docs/load-testing.md prints it, on three addresses, in a minute."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.common.hopline import HOPLINE
from loadtest.local import without_links
from loadtest.report.verdict import EXIT_CODES
from loadtest.run.preflight import complaint
from loadtest.scenario.links import Catalogue

ROOT = Path(__file__).parents[2]
_SECTION = re.compile(r"^## An hour.*?(?=^## )", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Where the master is; Hopline is on 127.0.0.1.
_LOAD1 = "127.0.0.2"
_CATALOGUE = Catalogue("load", hot_count=5, tail_count=5)


def printed():
    """Return the blocks of the section, each a list of commands."""
    (section,) = _SECTION.findall((ROOT / "docs" / "load-testing.md").read_text())
    blocks = [block.replace("\\\n", " ") for block in _BLOCK.findall(section)]
    return [re.findall(r"^\$ (.*)$", block, re.MULTILINE) for block in blocks]


@pytest.fixture
def hopline(tmp_path, shared_clickhouse):
    """A Hopline without links; the other fixture is there to have been fetched."""
    with without_links(tmp_path) as local:
        yield local


@pytest.fixture
def shell(tmp_path, hopline, free_port):
    """A function that runs a block of commands: all but the last go on beside it."""
    port = str(free_port())
    environ = hopline.environ | {
        "PATH": f"{Path(HOPLINE).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LOCUST_MASTER_NODE_PORT": port,
        "LOCUST_MASTER_BIND_PORT": port,
        "LOCUST_MASTER_BIND_HOST": _LOAD1,
    }

    def shell(commands):
        short = [shortened(command, hopline, tmp_path) for command in commands]
        started = [
            subprocess.Popen(
                f"exec {command}" if "locust" in command else command,
                shell=True,
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for command in short
        ]
        try:
            said = []
            for process in reversed(started):
                try:
                    said.append(process.communicate(timeout=180)[0])
                except subprocess.TimeoutExpired as error:
                    pytest.fail(f"{error}, which said {error.output}; those before it {said}")
        finally:
            for process in started:
                process.kill()
                process.communicate()
        return started[-1].returncode, said[0]

    return shell


def shortened(command, hopline, directory):
    """Return a command with this installation's names, few links and a run of seconds."""
    replaced = {
        ".venv/bin/python": sys.executable,
        ".venv/bin/locust": f"{sys.executable} -m locust",
        "ssh HOPLINE hopline": "hopline",
        "LOAD1": _LOAD1,
        "https://go.example.com": hopline.url,
        "http://console.internal:8081": hopline.console,
        "loadtest.seed": "loadtest.seed --hot-links 5 --tail-links 5",
        "--headless": "--headless --budget ci --warm-up 1 --hot-links 5 --tail-links 5",
        "build/": f"{directory}/",
    }
    for name, ours in replaced.items():
        command = command.replace(name, ours)
    return re.sub(r"--seconds \d+", "--seconds 3", re.sub(r"--rate \d+", "--rate 60", command))


def without_baseline(command):
    return re.sub(r" --baseline \S+", "", command)


@pytest.mark.timeout(900)
def test_the_hour_goes_from_nothing_to_a_verdict_and_leaves_no_link_on(shell, hopline, tmp_path):
    self_check, seed, small, busy, again, switch_off = printed()
    assert self_check == ["make loadtest ARGS=--self-check"]
    # Before there are links a run says so, and visits nobody.
    code, said = shell(small)
    assert (code, "are the links made" in said) == (3, True), said

    code, said = shell(seed)
    assert (code, "created" in said) == (0, True), said
    figures = {"verdict": None}
    for commands, name in ((small, "small"), (busy, "busy"), (again, "again")):
        # A master that refuses a void run as its baseline leaves its workers waiting for another.
        has_baseline = figures["verdict"] != "void"
        code, said = shell(commands if has_baseline else map(without_baseline, commands))
        figures = json.loads((tmp_path / f"{name}.json").read_text())
        assert figures["count"], said
        assert figures["count"]["is_exact"], said
        assert figures["count"]["redirects"] > 100, said
        # Which verdict is the machine's business, as others use it.
        assert code == EXIT_CODES[figures["verdict"]], said
    assert figures["generator"]["due"] == pytest.approx(60 * 4, rel=0.35)

    code, said = shell(switch_off)
    assert code == 0, said
    assert "with status 410" in complaint(hopline.url, _CATALOGUE)
    # As the page says, the second step brings them back.
    code, said = shell(seed)
    assert code == 0, said
    assert complaint(hopline.url, _CATALOGUE) == ""
