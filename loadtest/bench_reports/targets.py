"""Targets of reports, held against one run."""

from collections.abc import Iterator

from loadtest.bench_reports.crowd import AT_ONCE
from loadtest.bench_reports.questions import FILTERS, LINK_PAGE, OVERVIEW, QUIET
from loadtest.bench_reports.results import Results, percentile_ms
from loadtest.common.targets import Target, at_least, at_most

_MS, _SECONDS = "{:,.0f} ms", "{:.2f} s"
_SPEEDUP = 30
#: Percent.
_SUMS_CPU, _SUMS_DISK = 15, 40
_VISIBLE_SECONDS = 2
_CROWD_MS = 1_000
_PROBE_MS = 50
_EXPORT_MB = 50


#: Milliseconds within which 95 of 100 answers have to be there, of so many clicks.
_LONGEST_MS = {
    20_000_000: {LINK_PAGE: 300, OVERVIEW: 300, FILTERS: 1_000, QUIET: 50},
    200_000_000: {LINK_PAGE: 500, OVERVIEW: 500, FILTERS: 5_000, QUIET: 50},
}


def longest_ms(clicks: int) -> dict[str, int]:
    """Return what was promised of questions to a table of so many clicks, or of the next more."""
    most = max(_LONGEST_MS)
    return _LONGEST_MS[next((each for each in _LONGEST_MS if clicks <= each), most)]


def targets(results: Results) -> Iterator[Target]:
    """Yield every promise with what was found."""
    for question, most_ms in longest_ms(results.generated.clicks).items():
        yield at_most(f"{question}, p95", results.p95_ms(question), most_ms, _MS)
    yield at_least("six scans of before ÷ the same question", results.speedup(), _SPEEDUP, "{:.1f}")
    yield from _of_sums(results)
    yield from _under_load(results)
    if results.exports:
        few, many = results.exports
        grown_mb = (many.peak_bytes - few.peak_bytes) / 1e6
        text = f"export of {many.clicks:,} clicks: memory above that of {few.clicks:,}"
        yield at_most(text, grown_mb, _EXPORT_MB, "{:.0f} MB")


def _of_sums(results: Results) -> Iterator[Target]:
    if results.sums and results.calm:
        share = results.sums_share(results.calm.work, results.calm.seen.sent)
        yield at_most("CPU of sums ÷ of taking clicks in, %", 100 * share, _SUMS_CPU, "{:.1f} %")
    if results.sums:
        share = results.sums_bytes / results.raw_bytes
        yield at_most("disk of sums ÷ of clicks, %", 100 * share, _SUMS_DISK, "{:.1f} %")


def _under_load(results: Results) -> Iterator[Target]:
    visible = "click → visible, p99, 1,000 clicks a second"
    if results.calm:
        found = percentile_ms(results.calm.seen.ages, 99) / 1000
        yield at_most(visible, found, _VISIBLE_SECONDS, _SECONDS)
    if results.crowd:
        found_ms = percentile_ms(results.crowd.seconds)
        yield at_most(f"hottest link, {AT_ONCE} at once, p95", found_ms, _CROWD_MS, _MS)
        for path, seconds in results.crowd.probe_seconds.items():
            yield at_most(f"{path} meanwhile, p95", percentile_ms(seconds), _PROBE_MS, _MS)
    if results.rush:
        found = percentile_ms(results.rush.ages, 99) / 1000
        yield at_most(f"{visible}, meanwhile", found, _VISIBLE_SECONDS, _SECONDS)
