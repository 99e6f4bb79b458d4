"""Forms in which a click's account is written: sections for people, JSON for programs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from app.terminal.output import one_line, print_table
from app.times import rfc3339
from workers.explain.account import Account, Answer
from workers.explain.traces import Traces

_UNKNOWN = "?"


def print_account(account: Account, now_ms: int) -> None:
    """Write a click's account for a person, or with tabs into a pipe."""
    print(f"click {account.click_id.hex()}, told by: {account.source}")
    if account.fault:
        print(f"no click: {account.fault}")
    came_in = [(one_line(name), one_line(value)) for name, value in account.came_in.items()]
    stages = (
        (one.name, rfc3339(one.at_ms) if one.at_ms else _UNKNOWN, one_line(one.note))
        for one in account.stages
    )
    rules = (
        (one.rule, one.kind, one.mode, str(one.version), _word(one.matched))
        for one in account.rules
    )
    _section(("STAGE", "TIME", "NOTE"), list(stages))
    _section(("CAME IN", "VALUE"), came_in)
    _section(("STEP", "STORED", "TODAY"), [*map(_row, account.steps)])
    _section(("RULE", "VERDICT", "MODE", "VERSION", "SAYS"), list(rules))
    _section(("MADE WITH", "STORED", "TODAY"), list(_versions(account, now_ms)))
    _section(("FORGOTTEN",), [(text,) for text in account.forgotten])


def to_json(account: Account, traces: Traces, now_ms: int) -> dict[str, Any]:
    """Return a JSON object of stable form; what isn't known is null."""
    return {
        "click_id": account.click_id.hex(),
        "source": account.source,
        "fault": account.fault or None,
        "came_in": account.came_in,
        "stages": [
            {
                "stage": one.name,
                "time": rfc3339(one.at_ms) if one.at_ms else None,
                "note": one.note,
            }
            for one in account.stages
        ],
        "steps": {one.column: _pair(one) for one in account.steps},
        "rules": [one._asdict() for one in account.rules],
        "versions": {one.column: _pair(one) for one in account.versions},
        "geo_days": {
            which: _days(getattr(account.versions[-1], which), now_ms)
            for which in ("stored", "today")
        },
        "forgotten": account.forgotten,
        "rows": len(traces.rows.click_id),
        "clickhouse": str(traces.store_fault) if traces.store_fault else None,
    }


def _section(columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print()
        print_table(columns, rows)


def _pair(answer: Answer) -> dict[str, str | None]:
    return {"stored": answer.stored, "today": answer.today}


def _row(answer: Answer) -> tuple[str, str, str]:
    stored, today = (_UNKNOWN if text is None else one_line(text) for text in answer[1:])
    return answer.column, stored, "the same" if stored == today else today


def _word(matched: bool | None) -> str:
    return {True: "matches", False: "-", None: _UNKNOWN}[matched]


def _versions(account: Account, now_ms: int) -> Iterator[tuple[str, str, str]]:
    for one in account.versions:
        yield _row(one)
    *_, geo = account.versions
    stored, today = (_days(text, now_ms) for text in (geo.stored, geo.today))
    if stored is not None or today is not None:
        yield "places' age in days", _number(stored), _number(today)


def _number(days: int | None) -> str:
    return _UNKNOWN if days is None else str(days)


def _days(version: str | None, now_ms: int) -> int | None:
    """Return the age of the oldest database that a version names, in days; None without any."""
    ages = []
    for text in (version or "").split(", "):
        try:
            built = datetime.strptime(text.rpartition(" ")[2], "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            continue
        ages.append((now_ms // 1000 - int(built.timestamp())) // 86_400)
    return max(ages, default=None)
