"""``python -m loadtest.bench``: the redirect beside its peers, in one interleaved run."""

import argparse
import resource
import shutil
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import ChildFailed
from loadtest.bench.comparison import Comparison, Plan
from loadtest.bench.load.closed_loop import LoadFailed
from loadtest.bench.load.open_loop import Generator, compiled
from loadtest.bench.load.seed import seed
from loadtest.bench.machine.environment import environment
from loadtest.bench.machine.placement import TooFewCores, available_cores, place
from loadtest.bench.machine.redis_server import running_redis
from loadtest.bench.report.plot import draw
from loadtest.bench.report.raw_figures import as_json
from loadtest.bench.report.results import Results
from loadtest.bench.report.tables import print_report
from loadtest.bench.report.targets import judge
from loadtest.bench.scaling import measure_scaling
from loadtest.bench.servers.server import Launcher, Variant
from loadtest.bench.servers.variants import VARIANTS, select
from loadtest.common.command_line import add_count, add_output, speaker, terminal, write

#: The variant that is also measured without Redis and with two workers.
_OURS = "fast-lane"
_QUICK = Plan(seconds=1, closed_rounds=1, open_rounds=1)
_NEEDED = {
    "wrk": "wrk (Debian: apt install wrk)",
    "gcc": "gcc (Debian: apt install gcc libc6-dev)",
    "taskset": "taskset (Debian: apt install util-linux)",
}


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _options().parse_args()
    # So that servers are stopped on the way out, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        variants = select(options.variants)
    except ValueError as error:
        return _complain(str(error), code=2)
    if missing := [text for name, text in _NEEDED.items() if not shutil.which(name)]:
        return _complain(f"install {', '.join(missing)}")
    try:
        plan = Plan(options.seconds, options.rounds, options.open_rounds)
        results = _measure(variants, _QUICK if options.quick else plan, options.output)
    except (ChildFailed, LoadFailed, TooFewCores, FileNotFoundError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain("stopped", code=130)
    if not results.variants:
        return _complain("no variant can run here")
    _publish(results, options.output)
    return 0


def _measure(variants: list[Variant], plan: Plan, output: Path) -> Results:
    say = speaker()
    cores = available_cores()
    placement = place(cores)
    _raise_file_limit()
    generator = Generator(compiled(output), placement.generator)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="hopline-bench-")))
        redis = stack.enter_context(running_redis(directory, placement.redis))
        seed(redis.url, redis.client)
        launcher = Launcher(redis, directory)
        results = Results(environment(cores, placement, redis.version()))
        _compare(
            Comparison(redis, launcher, placement, generator, plan, directory, say),
            variants,
            results,
        )
        if ours := results.variants.get(_OURS):
            places = place(cores, server_cores=2)
            results.scaling = measure_scaling(ours.variant, launcher, redis, places, plan, say)
    return results


def _compare(comparison: Comparison, variants: list[Variant], results: Results) -> None:
    with comparison:
        comparison.start(variants)
        comparison.measure_memory()
        comparison.measure_throughput()
        comparison.measure_latency()
        results.frozen = comparison.freeze_redis(_OURS)
    results.variants = comparison.results
    results.absent = comparison.absent


def _publish(results: Results, output: Path) -> None:
    judgements = judge(results)
    print_report(results, judgements, terminal())
    write(output, "bench", as_json(results, judgements), partial(draw, results))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench",
        description="Measure Hopline's redirect beside its peers, in turn, on this machine.",
    )
    names = ", ".join(variant.name for variant in VARIANTS)
    add_count(parser, "--seconds", 3, "length of each single run")
    add_count(parser, "--rounds", 5, "closed-loop runs of each variant")
    add_count(parser, "--open-rounds", 3, "open-loop runs of each variant at each of three loads")
    parser.add_argument("--variants", help=f"comma-separated, of: {names} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="one round of one second: shows that it works, no more"
    )
    add_output(parser, "bench.json, bench.svg and the compiled load generator")
    return parser


def _raise_file_limit() -> None:
    """Servers inherit it: some hold thousands of idle connections here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _complain(text: str, code: int = 1) -> int:
    print(f"bench: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
