"""Report that says what an import of a spool found, and what became of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.redirect.spool.salvage import Salvage
from app.terminal.output import one_line
from app.times import rfc3339

#: Links that are counted apart, and shown.
_MOST_LINKS = 10_000
_SHOWN_LINKS = 20
#: Clicks that are named.
_NAMED = 20
#: No code of a link has a space.
_OTHERS = "(other links)"


@dataclass(slots=True)
class Report:
    """What was found in some spool files.

    Attributes:
        clicks: that are whole.
        counted: of these, how many ClickHouse has already; None where it was not asked.
        sent: how many Redis has taken.
        first_ms, last_ms: Unix milliseconds of the oldest and the youngest.
        links: clicks by short code.
        refused: ids of clicks that Redis doesn't take, and why.
        files: what is known of each file.
    """

    clicks: int = 0
    counted: int | None = 0
    sent: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    links: Counter[str] = field(default_factory=Counter)
    refused: dict[bytes, str] = field(default_factory=dict)
    files: list[Salvage] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every click that the files should hold could be read and sent."""
        return not self.refused and not any(
            each.damaged or each.missing or each.unreadable_pages for each in self.files
        )

    def note(self, code: str, time_ms: int) -> None:
        """Count a click of a link at a time."""
        self.clicks += 1
        self.first_ms = time_ms if self.first_ms is None else min(self.first_ms, time_ms)
        self.last_ms = time_ms if self.last_ms is None else max(self.last_ms, time_ms)
        is_known = code in self.links or len(self.links) < _MOST_LINKS
        self.links[code if is_known else _OTHERS] += 1


def lines(report: Report, *, is_dry: bool) -> Iterator[str]:
    """Yield what was found and done, for a person."""
    if report.first_ms is None or report.last_ms is None:
        yield "no click waits in it"
        return
    span = f"from {rfc3339(report.first_ms)} to {rfc3339(report.last_ms)}"
    yield f"{report.clicks:,} clicks, {span}"
    for code, count in report.links.most_common(_SHOWN_LINKS):
        yield f"  {one_line(code)}: {count:,}"
    if len(report.links) > _SHOWN_LINKS:
        yield f"  and {len(report.links) - _SHOWN_LINKS:,} more links: see --json"
    if report.counted:
        yield f"{report.counted:,} of them are in ClickHouse already"
    left = report.clicks - (report.counted or 0)
    yield f"{left:,} would be sent" if is_dry else f"{report.sent:,} sent to Redis"


def left_behind(report: Report) -> Iterator[str]:
    """Yield what could not be taken out of the files, which keep it."""
    for each in report.files:
        if each.damaged:
            named = ", ".join(click_id.hex() for click_id in each.damaged_ids[:_NAMED])
            more = ", and more" if each.damaged > _NAMED else ""
            yield f"{each.path} keeps {each.damaged:,} damaged clicks: {named}{more}"
        if each.missing:
            yield f"{each.path} says that it holds {each.missing:,} more, which are not to be found"
        if each.unreadable_pages:
            yield f"{each.path}: {each.unreadable_pages:,} pages of it can't be read"
    for click_id, reason in list(report.refused.items())[:_NAMED]:
        yield f"click {click_id.hex()} was not taken: {reason}"
    if len(report.refused) > _NAMED:
        yield f"{len(report.refused) - _NAMED:,} more were not taken: see --json"


def as_json(report: Report, *, is_dry: bool) -> dict[str, object]:
    """Return a report as JSON of stable form; times are RFC 3339 in UTC."""
    return {
        "dry_run": is_dry,
        "complete": report.is_complete,
        "clicks": report.clicks,
        "in_clickhouse": report.counted,
        "sent": report.sent,
        "first": None if report.first_ms is None else rfc3339(report.first_ms),
        "last": None if report.last_ms is None else rfc3339(report.last_ms),
        "links": dict(report.links.most_common()),
        "refused": {click_id.hex(): reason for click_id, reason in report.refused.items()},
        "files": [_file_as_json(each) for each in report.files],
    }


def _file_as_json(file: Salvage) -> dict[str, object]:
    return {
        "path": str(Path(file.path)),
        "clicks": file.whole,
        "damaged": file.damaged,
        "damaged_ids": [click_id.hex() for click_id in file.damaged_ids],
        "missing": file.missing,
        "unreadable_pages": file.unreadable_pages,
    }
