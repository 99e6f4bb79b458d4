"""Comparison that keeps every server up and puts one at a time under load."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from loadtest.bench.connection_memory import connection_bytes
from loadtest.bench.load import requests
from loadtest.bench.load.closed_loop import ClosedRun, LoadFailed, closed_run, saturate
from loadtest.bench.load.open_loop import Generator, OpenRun, Schedule
from loadtest.bench.machine.placement import Placement
from loadtest.bench.machine.redis_server import RedisServer
from loadtest.bench.machine.usage import pss_bytes, snapshot, usage
from loadtest.bench.redis_frozen import freeze_under_load
from loadtest.bench.report.results import LEVELS, QUOTED_LEVEL, FrozenRun, VariantResult
from loadtest.bench.servers.server import Launcher, LaunchFailed, Server, Variant
from loadtest.common.command_line import Say
from loadtest.common.processes import tree


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often: seconds of one run, rounds of each loop."""

    seconds: int
    closed_rounds: int
    open_rounds: int


class Comparison:
    """Measures variants in turn, A B C A B C; a context manager that stops their servers.

    Args:
        generator: of the open loop, on ``placement.generator``.
        directory: a temporary folder.
        say: shows one line of progress.

    Attributes:
        results: by name, what was measured so far.
        absent: by name, why a variant could not be measured.
    """

    def __init__(
        self,
        redis: RedisServer,
        launcher: Launcher,
        placement: Placement,
        generator: Generator,
        plan: Plan,
        directory: Path,
        say: Say,
    ) -> None:
        self._redis = redis
        self._launcher = launcher
        self._placement = placement
        self._generator = generator
        self._plan = plan
        self._directory = directory
        self._say = say
        self._servers: dict[str, Server] = {}
        self._stack = ExitStack()
        self.results: dict[str, VariantResult] = {}
        self.absent: dict[str, str] = {}

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, variants: list[Variant]) -> None:
        """Start all servers that can run here; the reasons of the others are kept."""
        for variant in variants:
            reason = variant.absent() or self._launch(variant)
            if reason:
                self.absent[variant.name] = reason
                self._say(f"{variant.name}: absent, {reason}")

    def measure_memory(self) -> None:
        """Measure what an idle connection costs, before any load has grown the processes."""
        for name, server in self._servers.items():
            self._say(f"{name}: idle connections")
            request = requests.raw_requests(requests.codes(requests.BENCH_PREFIX)[:1], server.port)
            result = self.results[name]
            result.connection_bytes = connection_bytes(server, request.removesuffix(b"\0"))

    def measure_throughput(self) -> None:
        """Run the closed loop in rounds, and read the memory of the workers after them."""
        for number in range(self._plan.closed_rounds):
            for name, server in self._servers.items():
                run = self._saturate(name, server)
                self.results[name].closed_runs.append(run)
                self._say(f"round {number + 1}, {name}: {run.rps:,.0f}/s, {run.cpu_us:.1f} µs CPU")
        for name, server in self._servers.items():
            workers = [one for one in tree(server.pid) if not one.children()]
            self.results[name].worker_bytes = pss_bytes(workers) / len(workers)

    def measure_latency(self) -> None:
        """Run the open loop at each share of each variant's own maximum, in rounds."""
        for number in range(self._plan.open_rounds):
            for level in LEVELS:
                for name in self._servers:
                    run = self._paced(name, level, number)
                    self.results[name].open_runs.setdefault(level, []).append(run)
                    p50, p99 = run.latency_ms["50"], run.latency_ms["99"]
                    self._say(
                        f"round {number + 1}, {name} at {level} % ({run.rate:,.0f}/s): "
                        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"
                    )

    def freeze_redis(self, name: str) -> FrozenRun | None:
        """Freeze Redis under a variant's quoted load; None when the variant doesn't run."""
        if name not in self._servers:
            return None
        self._say(f"{name}: Redis frozen under load")
        self._redis.forget_clicks()
        return freeze_under_load(
            self._servers[name],
            self._redis,
            self._generator,
            self._placement,
            self._rate(name, QUOTED_LEVEL),
            self._directory,
        )

    def _launch(self, variant: Variant) -> str:
        try:
            server = self._stack.enter_context(
                self._launcher.launch(variant, self._placement.server)
            )
        except LaunchFailed as error:
            return str(error)
        self._servers[variant.name] = server
        self.results[variant.name] = VariantResult(variant)
        return ""

    def _saturate(self, name: str, server: Server) -> ClosedRun:
        try:
            return saturated(server, self._redis, self._placement, self._plan.seconds)
        except LoadFailed as error:
            raise LoadFailed(f"{name}: {error}") from None

    def _rate(self, name: str, level: int) -> float:
        closed = self.results[name].closed
        assert closed is not None, "throughput is measured first"
        return closed.rps * level / 100

    def _paced(self, name: str, level: int, number: int) -> OpenRun:
        server = self._servers[name]
        requests_path = self._directory / f"{name}.requests"
        codes = requests.codes(requests.BENCH_PREFIX)
        requests_path.write_bytes(requests.raw_requests(codes, server.port))
        self._redis.forget_clicks()
        schedule = Schedule(self._rate(name, level), self._plan.seconds, seed=number)
        before = snapshot(server.pid, self._redis.pid)
        run = self._generator.run(server.port, requests_path, schedule)
        used = usage(before, snapshot(server.pid, self._redis.pid), self._placement)
        return replace(run, foreign_share=used.foreign_share)


def saturated(server: Server, redis: RedisServer, placement: Placement, seconds: int) -> ClosedRun:
    """Run the closed loop once on a server, from an empty stream."""
    redis.forget_clicks()
    before = snapshot(server.pid, redis.pid)
    load = saturate(server.port, seconds, placement.generator)
    return closed_run(load, usage(before, snapshot(server.pid, redis.pid), placement))
