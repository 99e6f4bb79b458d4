"""Command that compares accepted clicks with what became of them: `hopline audit`."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from app.audit.audit import PATIENCE_SECONDS, Findings
from app.audit.balance import Figures
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import Gap
from app.audit.factory import open_audit
from app.audit.spool_note import SpoolNote
from app.audit.unread_entries import parse_id
from app.config.loading import load
from app.config.settings import Settings
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.sums.comparison import compare_sums
from app.terminal.options import AsJson, Since, read_since
from app.terminal.output import complain, print_json, print_table
from app.terminal.progress import progress
from app.times import EPOCH, rfc3339, unix_ms

_COLUMNS = ("accepted", "inserted", "dead", "pending", "unread", "spooled", "missing", "uncounted")
#: Minutes that a person is shown; of more only those with something to see.
_SHOWN = 120
#: Clicks that are named.
_NAMED = 20


def audit(
    *,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Check that every click is in its place, and name those that aren't.

    Accepted clicks = inserted + dead + pending + unread + spooled on this host. Exit code 1 if one
    is missing, or if one is in ClickHouse that nobody accepted, or went with a deleted spool, or if
    the sums of a closed day aren't those of its clicks.

    \b
    hopline audit --since 24h
    """
    settings = load()
    moment = read_since(since, datetime.now(UTC))
    found = _run(settings, unix_ms(moment) if moment else 0)
    lost = SpoolNote(settings.spool_directory).lost()
    server = settings.clickhouse_server
    first = moment.date() if moment else None
    sums = compare_sums(server, settings.clickhouse_timeout_seconds, first)
    if as_json:
        of_sums = [{**one._asdict(), "day": str(one.day)} for one in sums]
        print_json({**to_json(found), "lost_with_spool": lost, "sums": of_sums})
    else:
        print_findings(found)
    for one in sums:
        complain(f"{one}: the day is computed anew")
    if lost:
        complain(f"{settings.spool_directory} was deleted, and {lost:,} clicks with it")
    if not found.is_balanced:
        complain("the ledger does not balance")
    if lost or sums or not found.is_balanced:
        raise typer.Exit(1)


def _run(settings: Settings, since_ms: int) -> Findings:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    with connect(url, timeout_seconds=timeout_seconds) as client:
        call = caller(client, url, timeout_seconds)
        audit = open_audit(settings, call, PATIENCE_SECONDS)
        try:
            return audit.run(since_ms, _with_progress)
        finally:
            audit.close()


def _with_progress(days: Iterable[int]) -> Iterator[int]:
    with progress() as bar:
        yield from bar.track(days, description="comparing days")


def print_findings(found: Findings) -> None:
    """Write the figures of the minutes and the total, then what is wrong, if anything is."""
    minutes = _shown(found)
    print_table(("MINUTE", *map(str.upper, _COLUMNS)), _rows(found, minutes))
    if len(minutes) < len(found.minutes):
        print(f"{len(found.minutes) - len(minutes)} settled minutes are not shown: see --json")
    print(f"entries since {rfc3339(found.noted.since_ms)}: {_entries_line(found)}")
    for gap in found.gaps:
        print(_gap_line(gap))
    for kind, clicks in found.suspects._asdict().items():
        for click in clicks[:_NAMED]:
            print(f"{kind} click {click.click_id.hex()} of {rfc3339(click.time_ms)}")
        if len(clicks) > _NAMED:
            complain(f"{len(clicks) - _NAMED} more {kind} clicks are not named: see --json")
    if found.replayable:
        print(
            f"{len(found.replayable)} of the missing clicks are in the stream:"
            f" `hopline replay --since {_replay_since(found)}` brings them back"
        )


def to_json(found: Findings) -> dict[str, Any]:
    """Return the findings as JSON of stable form; times are RFC 3339 in UTC."""
    return {
        "balanced": found.is_balanced,
        "since": rfc3339(found.since_ms),
        "total": _figures(found.total),
        "minutes": [
            {"minute": _minute(minute), **_figures(figures)}
            for minute, figures in sorted(found.minutes.items())
        ],
        "missing_clicks": list(map(_click, found.suspects.missing)),
        "uncounted_clicks": list(map(_click, found.suspects.uncounted)),
        "replayable": len(found.replayable),
        "replay_since": _replay_since(found),
        "entries": {**_entries(found), "again": found.entries.again},
        "gaps": [
            {
                "after": rfc3339(gap.after_ms),
                "before": rfc3339(gap.before_ms),
                "entries": gap.entries,
                "emptied": gap.is_emptied,
                "set_back": gap.is_set_back,
            }
            for gap in found.gaps
        ],
    }


def _replay_since(found: Findings) -> str | None:
    """Return the id of the first entry that has to be replayed, None where none has."""
    first = min(found.replayable.values(), key=parse_id, default=None)
    return first.decode() if first else None


def _shown(found: Findings) -> list[int]:
    ordered = sorted(found.minutes)
    if len(ordered) <= _SHOWN:
        return ordered
    figures = found.minutes
    return [one for one in ordered if figures[one].in_flight or not figures[one].is_balanced]


def _rows(found: Findings, minutes: list[int]) -> Iterator[tuple[str, ...]]:
    for minute in minutes:
        yield (_minute(minute), *map(str, _figures(found.minutes[minute]).values()))
    yield ("total", *map(str, _figures(found.total).values()))


def _figures(figures: Figures) -> dict[str, int]:
    return {name: getattr(figures, name) for name in _COLUMNS}


def _entries(found: Findings) -> dict[str, int]:
    entries = found.entries
    return {
        "accepted": entries.added - found.noted.base,
        "inserted": entries.inserted,
        "dead": entries.dead,
        "pending": entries.pending,
        "unread": entries.unread,
        "missing": entries.rest - found.noted.base,
    }


def _entries_line(found: Findings) -> str:
    line = ", ".join(f"{count} {name}" for name, count in _entries(found).items())
    again = found.entries.again
    return f"{line}; {again} twice, for the group was set back" if again else line


def _gap_line(gap: Gap) -> str:
    what = "went missing" if gap.entries > 0 else "came back"
    when = f"between {rfc3339(gap.after_ms)} and {rfc3339(gap.before_ms)}"
    if gap.is_set_back:
        return f"Redis was set back: what it took {when} is lost, but for clicks that were inserted"
    if gap.is_emptied:
        known = f"{gap.entries} entries" if gap.entries else "what was unfinished then, if anything"
        return f"the stream was deleted, or all that Redis held, {when}: {known} went with it"
    return f"entries that {what} {when}: {abs(gap.entries)}"


def _click(click_ref: ClickRef) -> dict[str, str]:
    return {"click_id": click_ref.click_id.hex(), "time": rfc3339(click_ref.time_ms)}


def _minute(minute: int) -> str:
    return f"{EPOCH + timedelta(minutes=minute):%Y-%m-%dT%H:%MZ}"
