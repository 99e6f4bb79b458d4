"""Tables that show a person the figures."""

from statistics import median

from rich.console import Console
from rich.table import Table

from loadtest.bench_workers.results import Results, stages, targets
from loadtest.bench_workers.runs import Run
from loadtest.common.command_line import new_table
from loadtest.common.targets import targets_table


def print_report(results: Results, console: Console) -> None:
    """Print runs, stages, lower bounds, light load and targets."""
    console.print(_runs(results))
    console.print(_stages(results))
    for name, bounds in results.lower_bounds.items():
        speed, cpu = (
            median(one.clicks_per_second for one in bounds),
            median(one.cpu_us for one in bounds),
        )
        console.print(f"{name}: {speed:,.0f} clicks/s, {cpu:.1f} µs CPU a click")
    if light := results.light:
        console.print(
            f"light load, {light.clicks:,} clicks: queryable after {light.p50_seconds:.2f} s (p50),"
            f" {light.p99_seconds:.2f} s (p99), {light.slowest_seconds:.2f} s (slowest);"
            f" at rest {light.idle_share:.2%} of a core"
        )
    console.print(targets_table(targets(results)))
    verdict = "exact" if results.is_exact else "NOT EXACT"
    console.print(f"click ids in ClickHouse, distinct, against entries: {verdict} in every run")


def _runs(results: Results) -> Table:
    headings = ("", "clicks/s", "for each consumer", "s", "CPU µs/click", "Redis", "ClickHouse")
    title, more = f"{results.entries:,} clicks, medians", ("memory MB", "rows an insert", "parts")
    table = new_table(title, *headings, *more)
    for who, runs in results.runs.items():
        consumers = 2 if "2" in who else 1
        speed = median(run.clicks_per_second for run in runs)
        table.add_row(
            who,
            f"{speed:,.0f}",
            f"{speed / consumers:,.0f}",
            f"{median(run.seconds for run in runs):.1f}",
            f"{median(run.cpu_us for run in runs):.1f}",
            f"{median(run.redis_cpu_us for run in runs):.1f}",
            f"{median(run.clickhouse_cpu_us for run in runs):.1f}",
            f"{max(run.memory_bytes for run in runs) / 1e6:.0f}",
            _insert_size(runs),
            f"{median(run.parts for run in runs):.0f}",
        )
    return table


def _insert_size(runs: list[Run]) -> str:
    counted = [run for run in runs if run.inserts]
    return f"{median(run.entries / run.inserts for run in counted):,.0f}" if counted else "10,000"


def _stages(results: Results) -> Table:
    hopline = {who: stages(runs) for who, runs in results.runs.items() if runs[0].stages_us}
    names = next(iter(hopline.values()), {})
    table = new_table("CPU µs a click by stage, medians", "", *names)
    for who, found in hopline.items():
        table.add_row(who, *(f"{us:.2f}" for us in found.values()))
    return table
