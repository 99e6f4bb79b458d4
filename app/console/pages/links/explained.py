"""Page that explains one click: when each stage was, what each rule said, what is kept of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import falcon

from app.console.api.clicks.single import ExplainedClick
from app.console.api.rights import Rights
from app.console.pages.reports.filtering import CHOICES
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.console.pages.site.words import DIMENSION_NAMES, value_name
from app.reports.filters import Condition, Dimension, write
from app.verdicts.judge import BETWEEN_REASONS, SHADOW
from app.verdicts.rules import RULES

PATH = "/clicks/{click_id}"
#: What it means that a click is somewhere on its way.
_STATES: Mapping[str, str] = {
    "unread": "in the stream, and no worker has read it yet",
    "pending": "with a worker, which is about to store it",
    "finished": "worked off, and its row isn't in the table",
    "stored": "stored, and in every report",
    "spooled": "on the redirect's disk, until Redis takes it",
    "dead": "a dead letter: nobody could make a row of it",
    "purged": "gone: somebody deleted its dead letter for good",
    "unknown": "nowhere to be found",
}
_DIMENSIONS: Mapping[str, Dimension] = {str(name): name for name in CHOICES}
#: Columns whose dimension has another name.
_OTHER_NAMES: Mapping[str, Dimension] = {"referrer_host": "referrer", "short_code": "link"}
#: What stands elsewhere on the page, or is for programs.
_ELSEWHERE = frozenset(
    (
        *("click_id", "time", "enriched_at", "verdict", "reasons", "is_bot"),
        *("rules_version", "data_version", "geo_version"),
    )
)


class Stage(NamedTuple):
    """A step of the click's way.

    Attributes:
        at: None where it isn't known.
        after_ms: milliseconds since the step before whose time is known; None for the first.
    """

    name: str
    at: datetime | None
    after_ms: int | None
    note: str


class Held(NamedTuple):
    """A column of the click's row; what can be filtered by leads to the link's clicks like it."""

    name: str
    value: str
    href: Address | None


class ClickPage:
    """Explains a click.

    Args:
        explained: finds what is known of it, and as much as whoever asks may see.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(self, site: Site, explained: ExplainedClick) -> None:
        self._site = site
        self._explained = explained

    def on_get(self, req: falcon.Request, resp: falcon.Response, click_id: str) -> None:
        """Answer GET; raises what :meth:`ExplainedClick.told` does."""
        told = self._explained.told(req, click_id)
        row: Mapping[str, Any] = told["row"] or {}
        code = row.get("short_code") or told["came_in"].get("short_code", "")
        rules = [{**rule, "about": about} for rule, about in zip(told["rules"], RULES, strict=True)]
        reasons = str(row.get("reasons", "")).split(BETWEEN_REASONS)
        values: dict[str, Any] = {
            "told": told,
            "row": row,
            "code": code,
            "state": _STATES[told["state"]],
            "stages": stages_of(told["stages"]),
            "held": [_held(code, name, row[name]) for name in row if _is_shown(name, row[name])],
            "empty": [name for name in row if name not in _ELSEWHERE and row[name] == ""],
            "said": [
                {**rule, "mode": "shadow" if SHADOW + rule["rule"] in reasons else "enforcing"}
                for rule in rules
                if rule["stored"]
            ],
            "silent": [rule for rule in rules if not rule["stored"]],
            "verdict_name": value_name(row.get("verdict", ""), "verdict"),
        }
        self._site.show(req, resp, "click.html", **values)

    on_head = on_get


def stages_of(told: Sequence[Mapping[str, Any]]) -> list[Stage]:
    """Return the stages of a click, each with the time since the one before it."""
    found, before = list[Stage](), None
    for each in told:
        at = datetime.fromisoformat(each["time"]) if each["time"] else None
        after = round((at - before).total_seconds() * 1000) if at and before else None
        found.append(Stage(each["stage"], at, after, each["note"]))
        before = at or before
    return found


def _is_shown(name: str, value: object) -> bool:
    return name not in _ELSEWHERE and value not in ("", None)


def _held(code: str, name: str, value: str) -> Held:
    dimension = _OTHER_NAMES.get(name) or _DIMENSIONS.get(name)
    if dimension is None:
        return Held(name.replace("_", " "), value, None)
    text = write(Condition(dimension, "=", (value,)))
    address = Address(f"/links/{code}/clicks", (("filter", text), ("period", "all")))
    return Held(DIMENSION_NAMES[dimension], value_name(value, dimension), address)
