"""Hopline on releases of Debian, from a fresh checkout on: ``python -m tests.platforms``.

Each is unpacked into a folder with what README asks for and nothing else, and used there by an
ordinary user. Figures go to build/platforms.json, what was said to build/platforms/RELEASE.log.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.local.ports import free_port
from tests.platforms.root import Root

REPOSITORY = Path(__file__).parents[2]
BUILD = REPOSITORY / "build"
#: Python 3.11, 3.13 and 3.14.
RELEASES = ("bookworm", "trixie", "forky")
_HOUR = 3600.0
_BINDS = ("REDIRECT", "CONSOLE", "REDIRECT_METRICS", "WORKERS_METRICS")


class Failed(Exception):
    """A step did not do what it should; the text says what came instead."""


class Platform:
    """One release, and what is tried on it, each step after the one before."""

    def __init__(self, root: Root, arguments: list[str]) -> None:
        self._root = root
        self._arguments = " ".join(arguments)
        binds = (f"HOPLINE_{name}_BIND=127.0.0.1:{free_port()}" for name in _BINDS)
        self._first_hour = f"cd hopline && {' '.join(binds)} tests/platforms/first_hour.sh"

    def steps(self, *, with_tests: bool) -> dict[str, Callable[[], str]]:
        """Return the steps by name; each returns what is worth a line."""
        steps = {
            "unpacked": self._unpack,
            "first start without a network": self._start_offline,
            "first hour": lambda: self._must_run(f"{self._first_hour} first"),
            "second start without a network": self._start_again_offline,
            "Debian package without a network": self._install_package,
        }
        return {**steps, "tests": self._test} if with_tests else steps

    def _unpack(self) -> str:
        self._root.unpack()
        self._root.lay_sources(REPOSITORY)
        return self._must_run("python3 --version")

    def _start_offline(self) -> str:
        ended = self._root.run("cd hopline && make up", seconds=600, is_offline=True)
        said = [line for line in ended.output.splitlines() if line.startswith("hopline: ")]
        if ended.exit_code == 0 or len(said) != 1 or ended.output.count("\n") > 3:
            raise Failed(ended.output)
        return said[0]

    def _start_again_offline(self) -> str:
        return self._must_run(f"{self._first_hour} second", is_offline=True)

    def _install_package(self) -> str:
        self._must_run("cd hopline && make deb")
        package = "/home/ana/hopline/build/hopline_*.deb"
        install = f"apt-get install --yes {package} && hopline --version"
        return self._must_run(install, user="root", is_offline=True, forgets=True)

    def _test(self) -> str:
        self._must_run("cd hopline && make .venv/.develop-installed")
        return self._must_run(
            f"cd hopline && .venv/bin/pytest -q -p no:cacheprovider {self._arguments}",
            seconds=3 * _HOUR,
        )

    def _must_run(
        self,
        command: str,
        *,
        seconds: float = 1800,
        user: str = "ana",
        is_offline: bool = False,
        forgets: bool = False,
    ) -> str:
        ended = self._root.run(
            command, seconds=seconds, user=user, is_offline=is_offline, forgets=forgets
        )
        if ended.exit_code != 0:
            raise Failed(ended.output)
        return (ended.output.strip().splitlines() or [""])[-1]


def main() -> int:
    """Try all releases that were asked for; return 1 when anything failed on one of them."""
    options, arguments = _options().parse_known_args()
    for program in ("debootstrap", "unshare", "ip"):
        if os.geteuid() != 0 or not shutil.which(program):
            needed = f"hopline: this takes root and {program}"
            sys.stderr.write(f"{needed} (Debian: apt install debootstrap iproute2)\n")
            return 2
    # So that what runs in a root is ended, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    (BUILD / "platforms").mkdir(parents=True, exist_ok=True)
    tried = {
        release: _try(release, arguments, with_tests=not options.without_tests)
        for release in options.release or RELEASES
    }
    (BUILD / "platforms.json").write_text(json.dumps(tried, indent=2))
    return int(any(step["failed"] for steps in tried.values() for step in steps.values()))


def _try(release: str, arguments: list[str], *, with_tests: bool) -> dict[str, dict[str, object]]:
    done: dict[str, dict[str, object]] = {}
    platform = Platform(Root(release, BUILD / "platforms"), arguments)
    for name, step in platform.steps(with_tests=with_tests).items():
        began, failed = time.monotonic(), False
        try:
            said = step()
        except Failed as failure:
            said, failed = str(failure), True
        seconds = time.monotonic() - began
        done[name] = {"failed": failed, "seconds": round(seconds, 1), "said": said}
        word = "FAIL" if failed else "ok"
        sys.stdout.write(f"{release:9} {word:5} {seconds:6.0f} s  {name}: {said}\n")
        sys.stdout.flush()
    return done


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make test-platforms ARGS=", description=__doc__, epilog="the rest goes to pytest"
    )
    parser.add_argument("--release", action="append", choices=RELEASES, help="only this one")
    parser.add_argument("--without-tests", action="store_true", help="not the test suite")
    return parser


if __name__ == "__main__":
    sys.exit(main())
