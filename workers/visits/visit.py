"""Visit that another program has recorded, read from a row of its export.

Rule 1: a visit's click id is made of its row alone, so that a file that is read again, or exported
        anew, makes the same clicks: of the program's own number for it, and else of all that the
        row says and of how many rows before it said the same.
Rule 2: what a row doesn't say isn't made up.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from io import BufferedReader, BytesIO
from typing import Any

from app.clicks.click import MAX_FIELD_BYTES, MIN_TIMESTAMP, new_click_id
from app.links.codes import is_valid
from app.links.files.columns import Columns, Vocabulary, code_in
from app.links.files.table import TableRow, read_table
from app.links.validation import InvalidLink, truth
from app.times import parse_time, unix_ms

#: Names of a visit, each with what Shlink, YOURLS and Dub call it; names behind a point stand in an
#: object within the row.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "at": ("click_time", "date", "timestamp", "clicked_at", "created_at", "time"),
    "code": (
        *("short_code", "shortcode", "short_url", "visitedurl", "visited_url", "shorturl"),
        *("keyword", "slug", "link.key", "link", "key"),
    ),
    "id": ("click_id", "clickid", "click.id", "visit_id"),
    "ip": ("ip_address", "remote_addr", "click.ip"),
    "user_agent": ("useragent", "click.ua"),
    # The whole of it, where others stand for its host alone.
    "referer": ("referrer_url", "refererurl", "click.refererurl", "referrer", "click.referer"),
    "country": ("country_code", "countrycode", "visitlocation.countrycode", "click.country"),
    "city": ("city_name", "cityname", "visitlocation.cityname", "click.city"),
    "browser": ("click.browser",),
    "os": ("click.os",),
    "device": ("click.device",),
    "bot": ("potential_bot", "potentialbot", "is_bot", "click.bot"),
}
NAMES = tuple(_ALIASES)
VISITS = Vocabulary(
    _ALIASES,
    NAMES.__contains__,
    ("at",),
    f"at and any of {', '.join(NAMES[1:])}; or say what it calls them: --column at='Clicked'",
    has_inner=True,
)
#: What says that something isn't there: of databases, and of referrers.
_NOTHING = frozenset(("", "null", "none", "\\n", "unknown", "direct", "(direct)", "-"))
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_UNIX = re.compile(r"([0-9]{10})([0-9]{3})?(?:\.([0-9]{1,6}))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as the other program has it; '' for what it doesn't say.

    Attributes:
        line: where it stands in the file.
        click_id: 16 bytes, a UUIDv7.
        is_bot: whether the other program takes it for a program's.
    """

    line: int
    click_id: bytes
    code: str
    time_ms: int
    ip: str = ""
    user_agent: str = ""
    referer: str = ""
    country: str = ""
    city: str = ""
    browser: str = ""
    os: str = ""
    device: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class BadVisit:
    """A row that is no visit, and why."""

    line: int
    reason: str


class VisitReader:
    """Reads visits of one file, of which it remembers 8 bytes a row to tell equal rows apart.

    Args:
        zone: of times that name none.
        code: of the link whose visits all rows are, where they don't say.
        now_ms: the Unix time in milliseconds, behind which no visit lies.
    """

    def __init__(self, zone: tzinfo, code: str, now_ms: int) -> None:
        self._zone = zone
        self._code = code
        self._now_ms = now_ms
        self._seen: dict[int, int] = {}

    def read(
        self,
        file: BufferedReader | BytesIO,
        columns: Mapping[str, str],
        on_unknown: Callable[[str], None],
        on_alias: Callable[[str, str], None],
        encoding: str = "",
    ) -> Iterator[Visit | BadVisit]:
        """Yield the visits of a file.

        Args:
            columns, on_unknown, on_alias: see :class:`app.links.files.columns.Columns`.
            encoding: see :func:`app.links.files.encoding.open_text`.

        Raises:
            UnreadableFile: it is no table, or its first line doesn't name the columns.
        """
        names = Columns(columns, on_unknown, on_alias, VISITS)
        return map(self._visit, read_table(file, names, encoding=encoding))

    def _visit(self, row: TableRow) -> Visit | BadVisit:
        if isinstance(row.values, InvalidLink):
            return BadVisit(row.line, row.values.faults.get("line") or str(row.values))
        try:
            visit = self._read(row.line, row.values)
        except ValueError as error:
            return BadVisit(row.line, str(error))
        number = _text(row.values, "id")
        return replace(visit, click_id=self._click_id(visit, number))

    def _read(self, line: int, values: Mapping[str, Any]) -> Visit:
        code = _text(values, "code") or self._code
        if "/" in code:
            code = code_in(code) or ""
        if not is_valid(code):
            raise ValueError(f"code: {code[:80]!r} can't be one" if code else "code: it is missing")
        return Visit(
            line=line,
            click_id=b"",
            code=code,
            time_ms=self._time_ms(_text(values, "at")),
            ip=_text(values, "ip"),
            user_agent=_text(values, "user_agent"),
            referer=_referrer(_text(values, "referer")),
            country=_country(_text(values, "country")),
            city=_name(_text(values, "city")),
            browser=_name(_text(values, "browser")),
            os=_name(_text(values, "os")),
            device=_name(_text(values, "device")).lower(),
            is_bot=_is_bot(values.get("bot")),
        )

    def _time_ms(self, text: str) -> int:
        if not text:
            raise ValueError("at: it is missing")
        if found := _UNIX.fullmatch(text):
            seconds, milliseconds, fraction = found.groups()
            behind = milliseconds or (fraction or "").ljust(3, "0")[:3]
            time_ms = int(seconds) * 1000 + int(behind)
        elif _DATE.match(text):
            time_ms = unix_ms(_moment(text, self._zone))
        else:
            raise ValueError(f"at: {text[:80]!r} is no time: expected 2026-05-01T12:00:00Z")
        if not MIN_TIMESTAMP * 1000 <= time_ms <= self._now_ms:
            raise ValueError(f"at: {text[:80]!r} lies before 2001-09-09, or ahead")
        return time_ms

    def _click_id(self, visit: Visit, number: str) -> bytes:
        told = replace(visit, line=0)
        texts = [number] if number else list(map(str, _told(told)))
        place = b"" if number else b"%d" % self._count(_digest(told, texts))
        return new_click_id(visit.time_ms, _digest(told, texts, place))

    def _count(self, digest: bytes) -> int:
        """Return how many rows before said the same."""
        key = int.from_bytes(digest[:8])
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        return before


def _told(visit: Visit) -> list[object]:
    names = ("ip", "user_agent", "referer", "country", "city", "browser", "os", "device", "is_bot")
    return [getattr(visit, name) for name in names]


def _digest(visit: Visit, texts: list[str], place: bytes = b"") -> bytes:
    digest = blake2b(place, digest_size=10, person=b"hopline visits")
    for text in (visit.code, str(visit.time_ms), *texts):
        raw = text.encode()
        digest.update(b"%d:%b" % (len(raw), raw))
    return digest.digest()


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        return parse_time(text, datetime.now(UTC), zone=zone)
    except ValueError as error:
        raise ValueError(f"at: {error}") from None


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    text = "" if value is None else str(value).strip()
    if len(text.encode()) > MAX_FIELD_BYTES:
        raise ValueError(f"{name}: at most {MAX_FIELD_BYTES} bytes will do")
    # A link may be called like that.
    return "" if name != "code" and text.lower() in _NOTHING else text


def _referrer(text: str) -> str:
    return f"https://{text}/" if _HOST.fullmatch(text) else text


def _country(text: str) -> str:
    return text.upper() if _COUNTRY.fullmatch(text) else ""


def _name(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:_NAME_CHARACTERS]


def _is_bot(value: object) -> bool:
    return value is not None and truth(value)
