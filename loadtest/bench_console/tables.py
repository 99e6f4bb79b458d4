"""Table that shows a person what each page took."""

from rich.table import Table

from loadtest.bench_console.results import Results
from loadtest.common.command_line import new_table


def pages_table(results: Results) -> Table:
    """Return what each page took, and of whose processor."""
    title = f"Pages over {results.clicks:,} clicks and {results.links:,} links"
    headings = ("median ms", "p95 ms", "console's CPU ms", "ClickHouse's CPU ms")
    table = new_table(title, "page", *headings)
    for name, asked in results.asked.items():
        figures = (asked.p50_ms, asked.p95_ms, *asked.cpu_ms)
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures))
    return table
