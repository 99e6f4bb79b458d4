"""Sections in which a click's account is written for people."""

from collections.abc import Iterator, Sequence

from app.explain.account import Account, Answer
from app.explain.json_form import geo_days
from app.terminal.output import one_line, print_table
from app.times import rfc3339

_UNKNOWN = "?"


def print_account(account: Account, now_ms: int) -> None:
    """Write a click's account for a person, or with tabs into a pipe."""
    print(f"click {account.click_id.hex()}, told by: {account.source}")
    if account.fault:
        print(f"no click: {account.fault}")
    came_in = [(one_line(name), _one_line(value)) for name, value in account.came_in.items()]
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


def _section(columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print()
        print_table(columns, rows)


def _row(answer: Answer) -> tuple[str, str, str]:
    stored, today = (_UNKNOWN if text is None else _one_line(text) for text in answer[1:])
    return answer.column, stored, "the same" if stored == today else today


def _one_line(text: str) -> str:
    """Return a text on one line; tabs stand between client hints, and between columns in a pipe."""
    return one_line(text.replace("\t", " "))


def _word(matched: bool | None) -> str:
    return {True: "matches", False: "-", None: _UNKNOWN}[matched]


def _versions(account: Account, now_ms: int) -> Iterator[tuple[str, str, str]]:
    for one in account.versions:
        yield _row(one)
    *_, geo = account.versions
    stored, today = (geo_days(text, now_ms) for text in (geo.stored, geo.today))
    if stored is not None or today is not None:
        yield "places' age in days", _number(stored), _number(today)


def _number(days: int | None) -> str:
    return _UNKNOWN if days is None else str(days)
