"""Account that tells what came in of a click, what each rule says of it, and what is forgotten.

What a replay would make of it today is for the workers to say, who hand it in: see
:class:`Today`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.clicks.rows import Rows
from app.explain.asked import time_of
from app.explain.traces import Traces
from app.http.kept_address import UNKNOWN, as_text, kept
from app.verdicts.judge import BETWEEN_REASONS, SHADOW
from app.verdicts.modes import Modes
from app.verdicts.rule import Kind, Mode
from app.verdicts.rules import RULES

#: Columns that say by what a row was made.
VERSIONS = ("rules_version", "data_version", "geo_version")


class Today(NamedTuple):
    """What a replay would make of the click today.

    Attributes:
        fresh: the row, None where nothing is left to make it of.
        fault: why what came in is no click, '' if it is one.
        columns: that a replay can change.
    """

    fresh: Rows | None = None
    fault: str = ""
    columns: Sequence[str] = ()


#: Where nobody has asked.
NOT_ASKED = Today()


class Answer(NamedTuple):
    """What a step said of the click, and what it says today; None where that can't be known.

    Attributes:
        column: of the row.
    """

    column: str
    stored: str | None
    today: str | None


class RuleWord(NamedTuple):
    """What a rule of verdicts says of the click.

    Attributes:
        matched: today; None where nothing of the click is left to ask it about.
        stored: what it said when the row was made; None without one.
    """

    rule: str
    kind: Kind
    version: int
    mode: Mode
    matched: bool | None
    stored: bool | None


class Stage(NamedTuple):
    """A step of the click's way; ``at_ms`` is in Unix milliseconds, None where it isn't known."""

    name: str
    at_ms: int | None
    note: str = ""


class Account(NamedTuple):
    """All that is told of a click.

    Attributes:
        source: what ``came_in`` is from: stream, dead letter, spool, row, or nothing.
        fault: why what came in is no click, '' if it is one.
    """

    click_id: bytes
    source: str
    came_in: dict[str, str]
    fault: str
    steps: list[Answer]
    rules: list[RuleWord]
    versions: list[Answer]
    forgotten: list[str]
    stages: list[Stage]


def make_account(traces: Traces, modes: Modes, today: Today = NOT_ASKED) -> Account:
    """Return what can be told of a click."""
    stored, fresh = newest(traces.rows), today.fresh
    return Account(
        click_id=traces.click_id,
        source=_source(traces),
        came_in=_came_in(traces, stored),
        fault=today.fault,
        steps=[_answer(name, stored, fresh) for name in today.columns],
        rules=_rules(stored, fresh, modes),
        versions=[_answer(name, stored, fresh) for name in VERSIONS],
        forgotten=_forgotten(traces, stored),
        stages=_stages(traces, stored),
    )


def newest(rows: Rows) -> Rows | None:
    """Return the first of a click's rows alone; None without any."""
    columns: list[Any] = [column[:1] for column in rows]
    return Rows(*columns) if rows.click_id else None


def _source(traces: Traces) -> str:
    if traces.entry:
        return "stream"
    if traces.letters:
        return "dead letter"
    if traces.spooled:
        return "spool"
    return "row" if traces.rows.click_id else "nothing"


def _came_in(traces: Traces, stored: Rows | None) -> dict[str, str]:
    if entered := traces.entered:
        return {_decoded(name): _decoded(value) for name, value in entered.fields.items()}
    if not stored:
        return {}
    names = ("short_code", "user_agent", "referrer", "target", "host")
    told = {name: _decoded(getattr(stored, name)[0]) for name in names}
    return told if stored.ip[0] == UNKNOWN else {**told, "ip": as_text(stored.ip[0])}


def _answer(column: str, stored: Rows | None, fresh: Rows | None) -> Answer:
    return Answer(column, told(stored, column), told(fresh, column))


def told(rows: Rows | None, column: str) -> str | None:
    """Return what the first of some rows says in a column; None without any."""
    if rows is None:
        return None
    value = getattr(rows, column)[0]
    if column == "ip":
        return "" if value == UNKNOWN else as_text(value)
    if isinstance(value, int):
        return "true" if value else "false"
    return _decoded(value)


def _rules(stored: Rows | None, fresh: Rows | None, modes: Modes) -> list[RuleWord]:
    said, says = _matched(stored), _matched(fresh)
    return [
        RuleWord(
            rule.name,
            rule.kind,
            rule.version,
            modes[rule.name],
            None if says is None or modes[rule.name] == "off" else rule.name in says,
            None if said is None else rule.name in said,
        )
        for rule in RULES
    ]


def _matched(rows: Rows | None) -> set[str] | None:
    if rows is None:
        return None
    reasons = _decoded(rows.reasons[0]).split(BETWEEN_REASONS)
    return {reason.removeprefix(SHADOW) for reason in reasons}


def _forgotten(traces: Traces, stored: Rows | None) -> list[str]:
    found = []
    if not traces.entered:
        found.append("the entry: further languages, and the visit's headers, are gone")
    if stored and stored.ip[0] == UNKNOWN:
        found.append("the address: none is stored")
    elif stored and kept(stored.ip[0], "network") == stored.ip[0]:
        found.append("the address: only its network is stored")
    if stored and stored.visitor_id[0] == 0:
        found.append("the visitor: the click is counted without one")
    elif not traces.is_salt_kept:
        found.append("the day's salt: nobody can tell any more from whom the visitor's id was made")
    if any(text for text in _column(stored, "click_ids")):
        found.append("the values of click ids: only their names are kept")
    return found


def _stages(traces: Traces, stored: Rows | None) -> list[Stage]:
    clicked = stored.time[0] if stored else time_of(traces.click_id) if traces.click_id else None
    stages = [Stage("clicked", clicked)]
    if traces.spooled:
        stages.append(Stage("spooled", None, "waits on this host's disk"))
    stages.append(_entered(traces))
    stages += [Stage("died", one.died_ms, one.fault.reason) for one in traces.letters]
    if traces.purged:
        stages.append(Stage("purged", None, "someone deleted its dead letter for good"))
    made = traces.rows.enriched_at
    stages += [Stage("enriched", at, "again" if at != made[-1] else "") for at in reversed(made)]
    if stored:
        stages.append(Stage("stored", None, "at once after that; the time isn't kept"))
    return stages


def _entered(traces: Traces) -> Stage:
    if seen := traces.entry:
        entry_id, _, deliveries = seen.entry
        held = f" with {seen.consumer}, delivery {deliveries}" if seen.consumer else ""
        note = f"{seen.stream} {entry_id.decode()}, {seen.state}{held}"
        return Stage("entered", int(entry_id.partition(b"-")[0]), note)
    if traces.letters:
        return Stage("entered", traces.letters[0].first_ms)
    return Stage("entered", None, "no longer, or not yet, in the stream")


def _column(rows: Rows | None, name: str) -> Sequence[bytes]:
    return getattr(rows, name) if rows else ()


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
