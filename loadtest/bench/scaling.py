"""Measurement that tells whether a second worker on a second core doubles the throughput."""

from contextlib import ExitStack
from dataclasses import replace

from loadtest.bench.comparison import Plan, saturated
from loadtest.bench.machine.placement import Placement
from loadtest.bench.machine.redis_server import RedisServer
from loadtest.bench.report.figures import closed_void, median_run
from loadtest.bench.report.results import Scaling
from loadtest.bench.servers.server import Launcher, Variant
from loadtest.common.command_line import Say


def measure_scaling(
    variant: Variant,
    launcher: Launcher,
    redis: RedisServer,
    placement: Placement,
    plan: Plan,
    say: Say,
) -> Scaling:
    """Saturate one and two workers in turn, each worker on a core of its own.

    Args:
        placement: with two cores for the server.
    """
    if not placement.server_is_alone:
        return Scaling(void="two workers, Redis and the load generator need three cores or more")
    places = {1: replace(placement, server=placement.server[:1]), 2: placement}
    with ExitStack() as stack:
        servers = {
            workers: stack.enter_context(launcher.launch(variant, place.server, workers))
            for workers, place in places.items()
        }
        runs = [
            {n: saturated(servers[n], redis, place, plan.seconds) for n, place in places.items()}
            for _ in range(plan.closed_rounds)
        ]
    one, two = (median_run([pair[workers] for pair in runs]) for workers in places)
    say(f"{variant.name}: {one.rps:,.0f}/s with one worker, {two.rps:,.0f}/s with two")
    return Scaling(one.rps, two.rps, closed_void(one) or closed_void(two))
