"""A link as programs outside see it: in ``--json``, in export files and over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.links.link import Link
from app.links.validation import MAX_CLICK_LIMIT, OPTIONS, UNKNOWN, InvalidLink, truth, whole_number
from app.times import EPOCH, parse_moment

#: Every name of :func:`to_plain`, in the order of an export file's columns.
NAMES = (
    "code",
    "target",
    "status",
    "expires_at",
    "click_limit",
    "forward_query",
    "cache_control",
    "tags",
    "title",
    "disabled",
    "deleted",
    "created_at",
    "updated_at",
)
#: What :func:`describe` and :func:`to_plain` say and nobody can set.
_DERIVED = ("updated_at", "short_url", "state", "uses")
#: How many clicks another program has counted of a link that it has exported.
CLICKS = "clicks"
#: Values that are text, and whatever text they are.
_TEXTS = ("code", "target", "cache_control", "tags", "title")
#: How databases and tables of programs write that a number, a time or a flag isn't there.
_MISSING = ("", "nan", "nat", "null", "nil", "<na>", "n/a", "#n/a", "\\n")


@dataclass(frozen=True, slots=True)
class NewLink:
    """What was read about a link that shall be stored.

    Attributes:
        given: the options, not checked yet.
        code: the chosen code, or None for one made up.
        created_ms: when the link was first created, or None for now.
        deleted: whether it is a tombstone.
        clicks: as another program has counted them, or None where it doesn't say.
    """

    given: Mapping[str, object]
    code: str | None = None
    created_ms: int | None = None
    deleted: bool = False
    clicks: int | None = None


def to_plain(link: Link) -> dict[str, object]:
    """Return the link's stored values under stable names; times are ISO 8601 in UTC."""
    times = {
        "expires_at": None if link.expires_at is None else _iso(link.expires_at * 1000),
        "created_at": _iso(link.created_ms),
        "updated_at": _iso(link.updated_ms),
    }
    return {name: times[name] if name in times else _json(getattr(link, name)) for name in NAMES}


def describe(link: Link, *, short_url: str, uses: int, now: float) -> dict[str, object]:
    """Return the link's plain form with what follows from it.

    Args:
        uses: clicks of its limit that are used.
        now: Unix seconds, for its state.
    """
    state = link.state(now, uses)
    return {**to_plain(link), "short_url": short_url, "state": state, "uses": uses}


def is_known(name: str) -> bool:
    """Tell whether a name is one of a link's, be it one that nobody can set."""
    return name in NAMES or name in _DERIVED or name == CLICKS


def from_plain(plain: Mapping[str, object]) -> NewLink:
    """Read back a plain form; values that are empty or said to be missing count as not given.

    Raises:
        InvalidLink: a name is unknown, or the code, the creation time or deleted can't be read.
    """
    held = {name: value for name, value in plain.items() if not _is_missing(name, value)}
    if unknown := {name: UNKNOWN for name in held if not is_known(name)}:
        raise InvalidLink.of(unknown)
    code = held.get("code")
    if not isinstance(code, str | None):
        raise InvalidLink("code", f"{code!r} is no text")
    code = code.strip() if code else None
    return NewLink(
        given={name: value for name, value in held.items() if name in OPTIONS},
        code=code or None,
        created_ms=_created_ms(held.get("created_at")),
        deleted=_deleted(held.get("deleted", False)),
        clicks=_clicks(held.get(CLICKS)),
    )


def _is_missing(name: str, value: object) -> bool:
    if not isinstance(value, str):
        return value is None or value != value  # noqa: PLR0124 - NaN
    return not value.strip() or (name not in _TEXTS and value.strip().lower() in _MISSING)


def _created_ms(value: object) -> int | None:
    if value is None:
        return None
    try:
        time = parse_moment(value, EPOCH)
    except ValueError as error:
        raise InvalidLink("created_at", str(error)) from None
    return (time - EPOCH) // timedelta(milliseconds=1)


def _clicks(value: object) -> int | None:
    """Return a count; what isn't one says nothing, as nothing is stored of it."""
    try:
        return None if value is None else whole_number(value, 0, MAX_CLICK_LIMIT)
    except ValueError:
        return None


def _deleted(value: object) -> bool:
    try:
        return truth(value)
    except ValueError as error:
        raise InvalidLink("deleted", str(error)) from None


def _iso(time_ms: int) -> str:
    """Return the time with as many digits as it needs, so that it reads back the same."""
    time = EPOCH + timedelta(milliseconds=time_ms)
    spec = "milliseconds" if time_ms % 1000 else "seconds"
    return time.isoformat(timespec=spec).replace("+00:00", "Z")


def _json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
