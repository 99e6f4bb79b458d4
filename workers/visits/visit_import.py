"""Import of visits that another program has recorded: each becomes a click once, or is refused.

Rule 1: a click id comes from the row (:mod:`workers.visits.visit`), and clicks that are there are
        left alone. So an import that was killed, or a file that is imported again, comes to the
        same clicks.
Rule 2: clicks are written into the ledger before they are inserted, as all are, so that
        `hopline audit` looks for them. Days whose sums were made are marked by the insert itself.
Rule 3: a block is of one month: ClickHouse takes no more than a hundred partitions at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from app.clicks.click import Clicks
from app.clicks.rows import Rows
from app.links.link import CorruptLink, Link, decode
from app.links.store import LinkStore
from app.times import rfc3339
from workers.replay.rows import pick
from workers.visits.rows import as_clicks, with_what_was_told
from workers.visits.visit import BadVisit, Visit

#: Visits dealt with at once.
_PIECE = 10_000
#: Links remembered, whose targets take most of it.
_MOST_LINKS = 20_000

Kind = Literal["stored", "already there", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a visit, and why it was refused."""

    line: int
    kind: Kind
    code: str = ""
    reason: str = ""


class Table(Protocol):
    """Where clicks are stored."""

    def find(self, visits: Sequence[Visit]) -> set[bytes]:
        """Return the click ids of those that are there."""

    def store(self, rows: Rows) -> None:
        """Store clicks that the ledger should name."""


class VisitImport:
    """Brings visits in, in their order; what stores raise goes through, and it can be repeated.

    Args:
        links: whose visits they are.
        table: where to store them.
        enrich: makes rows of clicks, given the Unix time in milliseconds.
        now_ms: clock in Unix milliseconds.
        kept_since_ms: the Unix time from which on the table forgets no click.
        is_dry: whether to store nothing.
    """

    def __init__(
        self,
        links: LinkStore,
        table: Table,
        enrich: Callable[[Clicks, int], Rows],
        now_ms: Callable[[], int],
        *,
        kept_since_ms: int = 0,
        is_dry: bool = False,
    ) -> None:
        self._links = links
        self._table = table
        self._enrich = enrich
        self._now_ms = now_ms
        self._kept_since_ms = kept_since_ms
        self._is_dry = is_dry
        self._known: dict[str, Link | str] = {}
        self._dry_ids: set[bytes] = set()

    def run(self, visits: Iterable[Visit | BadVisit]) -> Iterator[Outcome]:
        """Bring visits in and yield what became of each."""
        waiting = iter(visits)
        while piece := list(islice(waiting, _PIECE)):
            yield from self._bring(piece)

    def _bring(self, piece: Sequence[Visit | BadVisit]) -> Iterator[Outcome]:
        self._look_up({visit.code for visit in piece if isinstance(visit, Visit)})
        reasons = [self._reason(visit) for visit in piece]
        good = [
            visit
            for visit, reason in zip(piece, reasons, strict=True)
            if isinstance(visit, Visit) and not reason
        ]
        there = self._table.find(good) | self._dry_ids if good else set()
        new: dict[bytes, Visit] = {}
        for visit in good:
            if visit.click_id not in there:
                new.setdefault(visit.click_id, visit)
        self._store(list(new.values()))
        for each, reason in zip(piece, reasons, strict=True):
            code = each.code if isinstance(each, Visit) else ""
            if isinstance(each, BadVisit) or reason:
                yield Outcome(each.line, "refused", code, reason)
            else:
                is_new = new.get(each.click_id) is each
                yield Outcome(each.line, "stored" if is_new else "already there", code)

    def _store(self, visits: Sequence[Visit]) -> None:
        if not visits:
            return
        if self._is_dry:
            self._dry_ids.update(visit.click_id for visit in visits)
            return
        links = {code: link for code, link in self._known.items() if isinstance(link, Link)}
        targets = {visit.code: links[visit.code].target for visit in visits}
        rows = self._enrich(as_clicks(visits, targets), self._now_ms())
        for one in _by_month(with_what_was_told(rows, visits)):
            self._table.store(one)

    def _look_up(self, codes: set[str]) -> None:
        if len(self._known) > _MOST_LINKS:
            self._known.clear()
        wanted = sorted(codes - self._known.keys())
        for code, raw in zip(wanted, self._links.peek(wanted), strict=True):
            self._known[code] = _link_or_reason(code, raw)

    def _reason(self, visit: Visit | BadVisit) -> str:
        """Return why a visit is refused, '' if it isn't."""
        if isinstance(visit, BadVisit):
            return visit.reason
        link = self._known[visit.code]
        if isinstance(link, str):
            return link
        if visit.time_ms < self._kept_since_ms:
            return f"clicks are kept from {rfc3339(self._kept_since_ms)} on"
        return ""


def _link_or_reason(code: str, raw: bytes | None) -> Link | str:
    if raw is None:
        return f"no link has the code {code!r}: import the links first"
    try:
        link = decode(code, raw)
    except CorruptLink as error:
        return str(error)
    return f"the link {code!r} was deleted" if link.deleted else link


def _by_month(rows: Rows) -> Iterator[Rows]:
    months: dict[str, list[int]] = {}
    for position, time_ms in enumerate(rows.time):
        months.setdefault(rfc3339(time_ms)[:7], []).append(position)
    for _, positions in sorted(months.items()):
        yield pick(rows, positions)
