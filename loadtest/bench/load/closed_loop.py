"""Closed loop (wrk) that measures throughput: 64 connections that each ask again once answered."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from loadtest.bench.load import requests
from loadtest.bench.machine.placement import Cores, pinned
from loadtest.bench.machine.usage import Usage

CONNECTIONS = 64
#: Time for wrk to start, and to stop, beside the run itself.
_MARGIN_SECONDS = 15
_SCRIPT = Path(__file__).with_name("closed_loop.lua")


class LoadFailed(Exception):
    """A load generator gave no figures; the text holds what it said instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk saw: requests answered, how long that took, errors, latency at saturation."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float
    p999_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRun(Load):
    """One variant saturated for a few seconds: requests a second, CPU microseconds a request."""

    rps: float
    cpu_us: float
    redis_cpu_us: float
    server_core_busy: float
    generator_core_busy: float
    foreign_share: float


def saturate(port: int, seconds: int, cores: Cores) -> Load:
    """Drive a server as fast as it answers.

    Raises:
        LoadFailed: when wrk could not.
    """
    run = subprocess.run(
        pinned(_wrk(port, seconds, threads=len(cores)), cores),
        capture_output=True,
        text=True,
        timeout=seconds + _MARGIN_SECONDS,
        check=False,
    )
    return parse(run.stdout, run.stderr)


def parse(output: str, complaint: str = "") -> Load:
    """Read what the script made wrk print last.

    Raises:
        LoadFailed: when it is no figures.
    """
    try:
        load = Load(**json.loads(output.strip().rpartition("\n")[2]))
    except (json.JSONDecodeError, TypeError):
        raise LoadFailed(f"wrk gave no figures: {complaint or output}".strip()) from None
    if not load.requests:
        raise LoadFailed(f"wrk got no answer, but {load.errors} errors")
    return load


def closed_run(load: Load, used: Usage) -> ClosedRun:
    """Join what the generator saw with what the server's side used."""
    return ClosedRun(
        **asdict(load),
        rps=load.requests / load.seconds,
        cpu_us=used.server_seconds / load.requests * 1e6,
        redis_cpu_us=used.redis_seconds / load.requests * 1e6,
        server_core_busy=used.server_core_busy,
        generator_core_busy=used.generator_core_busy,
        foreign_share=used.foreign_share,
    )


def _wrk(port: int, seconds: int, threads: int) -> list[str]:
    headers = [
        part for name, value in requests.HEADERS.items() for part in ("-H", f"{name}: {value}")
    ]
    return [
        "wrk",
        f"-t{threads}",
        f"-c{CONNECTIONS}",
        f"-d{seconds}",
        "-s",
        str(_SCRIPT),
        *headers,
        f"http://127.0.0.1:{port}/",
        requests.BENCH_PREFIX,
        str(requests.LINKS),
    ]
