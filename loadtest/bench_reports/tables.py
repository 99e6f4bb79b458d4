"""Tables that show a person the figures."""

from collections.abc import Iterator
from statistics import median

from rich.console import Console
from rich.table import Table

from loadtest.bench_reports.results import Results, Work, percentile_ms
from loadtest.bench_reports.targets import targets
from loadtest.common.command_line import new_table
from loadtest.common.targets import targets_table


def print_report(results: Results, console: Console) -> None:
    """Print questions, everything beside them, and targets."""
    console.print(_questions(results))
    for line in _lines(results):
        console.print(line)
    console.print(targets_table(targets(results)))
    verdict = "each click once" if results.is_exact else "NOT the same clicks"
    console.print(f"six scans ÷ one: {results.speedup():.1f}, and {verdict}")


def _questions(results: Results) -> Table:
    made = results.generated
    title = f"Reports over {made.clicks:,} clicks of {made.links:,} links, {made.span_days} days"
    headings = ("median ms", "p95 ms", "ClickHouse CPU ms", "rows read", "clicks", "asked")
    table = new_table(title, "question", *headings)
    for name, runs in results.runs.items():
        table.add_row(
            name,
            f"{1000 * median(run.seconds for run in runs):,.0f}",
            f"{results.p95_ms(name):,.0f}",
            f"{1000 * median(run.clickhouse_seconds for run in runs):,.0f}",
            f"{runs[0].rows_read:,}",
            f"{runs[0].clicks:,}",
            f"{len(runs)}",
        )
    return table


def _lines(results: Results) -> Iterator[str]:
    clicks = results.generated.clicks
    if results.fill:
        size = results.raw_bytes / clicks
        yield f"made up: {_work(results.fill, clicks)}; {size:.0f} bytes a click on disk"
    if results.sums:
        size = results.sums_bytes / clicks
        yield f"sums: {_work(results.sums, clicks)}; {size:.1f} bytes a click on disk"
    if results.calm:
        yield f"1,000 clicks a second: {_work(results.calm.work, results.calm.seen.sent)}"
    if results.crowd:
        ready = ", ".join(
            f"{path} {percentile_ms(seconds):.0f} ms"
            for path, seconds in results.crowd.probe_seconds.items()
        )
        answers, refused = len(results.crowd.seconds), results.crowd.refused
        yield f"at once: {answers} answers, {refused} told to come later; p95 of {ready}"
    for export in results.exports or ():
        rate = export.clicks / export.seconds
        peak_mb = export.peak_bytes / 1e6
        yield f"export: {export.clicks:,} clicks, {rate:,.0f} a second, {peak_mb:.0f} MB at most"


def _work(work: Work, clicks: int) -> str:
    by_clickhouse, by_workers = (1e6 * seconds / max(clicks, 1) for seconds in work.cpu)
    return (
        f"{work.seconds:.0f} s, CPU a click {by_clickhouse:.1f} µs of ClickHouse,"
        f" {by_workers:.1f} µs of workers"
    )
