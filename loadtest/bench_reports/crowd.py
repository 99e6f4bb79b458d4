"""Crowd that asks at once for the hottest link, and probes that ask whether the console lives."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from loadtest.bench_reports.installation import Installation, Refused
from loadtest.bench_reports.questions import LINK_PAGE, PAGES

AT_ONCE = 8
_PROBE_SECONDS = 0.1
PROBES = ("/-/live", "/-/ready")


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a crowd was told.

    Attributes:
        seconds: until each answer.
        refused: how often somebody was told to come back later.
        probe_seconds: until each answer to a probe, by its path.
    """

    seconds: list[float]
    refused: int
    probe_seconds: dict[str, list[float]]


def measure_crowd(installation: Installation, lasting_seconds: float) -> Crowd:
    """Have eight ask again and again, none of them the same, so that they share no answer."""
    over = threading.Event()
    deadline = time.monotonic() + lasting_seconds
    with ThreadPoolExecutor(AT_ONCE + len(PROBES)) as pool:
        probes = {path: pool.submit(_probe, installation, path, over) for path in PROBES}
        asked = [
            pool.submit(_ask_until, installation, f"{PAGES[LINK_PAGE]}&limit={20 + who}", deadline)
            for who in range(AT_ONCE)
        ]
        try:
            answers = [each.result() for each in asked]
        finally:
            over.set()
        probed = {path: each.result() for path, each in probes.items()}
    return Crowd(
        [seconds for found, _ in answers for seconds in found],
        sum(refused for _, refused in answers),
        probed,
    )


def _ask_until(installation: Installation, path: str, deadline: float) -> tuple[list[float], int]:
    found: list[float] = []
    refused = 0
    while time.monotonic() < deadline or not found:
        began = time.perf_counter()
        while not _is_answered(installation, path):
            refused += 1
            time.sleep(1)
        # Who is told to come later has waited since the first try.
        found.append(time.perf_counter() - began)
    return found, refused


def _is_answered(installation: Installation, path: str) -> bool:
    try:
        installation.get(path)
    except Refused:
        return False
    return True


def _probe(installation: Installation, path: str, over: threading.Event) -> list[float]:
    found = []
    while not over.wait(_PROBE_SECONDS):
        found.append(_timed(lambda: installation.get(path)))
    return found


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
