"""Result that says of one part whether it is well, and if not, how to mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: the part, e.g. ``redis memory``.
        state: ``fail`` when clicks or redirects suffer now, ``warn`` when they may.
        text: what was found.
        mend: what to do about it; empty when all is well.
    """

    name: str
    state: State
    text: str
    mend: str = ""


def ok(name: str, text: str) -> Check:
    """Return a finding that all is well."""
    return Check(name, "ok", text)


def warn(name: str, text: str, mend: str) -> Check:
    """Return a finding that needs a look soon."""
    return Check(name, "warn", text, mend)


def fail(name: str, text: str, mend: str) -> Check:
    """Return a finding that needs mending now."""
    return Check(name, "fail", text, mend)


def is_healthy(checks: Iterable[Check]) -> bool:
    """Tell whether none of the findings is a failure."""
    return all(check.state != "fail" for check in checks)


def to_json(checks: Iterable[Check]) -> dict[str, Any]:
    """Return the findings' stable JSON form."""
    checks = tuple(checks)
    return {"healthy": is_healthy(checks), "checks": [asdict(check) for check in checks]}
