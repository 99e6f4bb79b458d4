"""Contract that redirect and workers share: one click, its stream fields, its id.

Rule 1: the six fields of ADR-003 keep their names and meaning; a producer that writes only those
        six is served.
Rule 2: ``click_id`` is the click's identity, made before the first try and carried by every
        retry. The stream's entry id never is: after Redis loses the tail of its AOF the same
        entry id can be given to another click.
Rule 3: encode and decode stand side by side, and readers ignore fields that they don't know.
"""

import binascii
import hashlib
import re
import struct
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

#: Bytes that one field may hold; header limits keep real producers far below.
MAX_FIELD_BYTES = 8192
#: 2001-09-09 and 2100-01-01: outside, a timestamp is in the wrong unit or nonsense.
MIN_TIMESTAMP = 1_000_000_000
MAX_TIMESTAMP = 4_102_444_800
#: Farther from its timestamp, an id is no UUIDv7: one in 16 of those made at random looks like one.
MAX_ID_DRIFT_MS = 86_400_000

_ID_BYTES = 16

ADR_FIELDS = ("short_code", "timestamp", "ip", "user_agent", "referer", "original_url")
_EXTRA_FIELDS = (
    *("host", "accept_language", "fetch_mode"),
    *("purpose", "gpc", "query", "count_only", "own", "client_hints"),
)
_TEXT_FIELDS = tuple(name for name in ADR_FIELDS if name != "timestamp") + _EXTRA_FIELDS
_REQUIRED = tuple(name.encode() for name in ADR_FIELDS)
_TEXTS = tuple(name.encode() for name in _TEXT_FIELDS)
#: In the order of :class:`Clicks`.
_CLICKS_TEXTS = tuple(name for name in _TEXTS if name != b"gpc")
#: Value of the field of that name; any text says the same.
OWN = b"1"
#: Value of the field fetch_mode where the header is missing; where the field is, nobody looked.
NO_FETCH_MODE = b"none"
_CLICK_ID = re.compile(rb"(?:[0-9A-Fa-f]{4}-?){8}")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}(\.[0-9]{1,9})?")


class InvalidClick(Exception):
    """An entry that is no click.

    Attributes:
        reason: a short, stable name for counting, e.g. ``missing_field``.
        detail: what was wrong, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Click:
    """One visit of a short link, as the redirect saw it.

    Attributes:
        click_id: 16 bytes, UUIDv7 (RFC 9562 §5.7).
        timestamp: Unix seconds.
        ip: the visitor's address as text; empty when unknown.
        original_url: the link's target.
        purpose: value of the Sec-Purpose or Purpose header.
        gpc: value of the Sec-GPC header.
        query: of a campaign, as :func:`app.clicks.campaign_query.campaign_query` keeps it.
        count_only: ``1`` where nothing may be known of the visitor, ``2`` of a program, see
            :mod:`app.clicks.count_only`.
        own: :data:`OWN` of a browser that has asked not to be counted.
        client_hints: as :func:`app.clicks.client_hints.client_hints` puts them together.
        fetch_mode: value of the Sec-Fetch-Mode header, or :data:`NO_FETCH_MODE`.
    """

    click_id: bytes
    short_code: str
    timestamp: int
    ip: str
    user_agent: str
    referer: str
    original_url: str
    host: str = ""
    accept_language: str = ""
    purpose: str = ""
    gpc: str = ""
    query: str = ""
    count_only: str = ""
    own: str = ""
    client_hints: str = ""
    fetch_mode: str = ""

    @property
    def time_ms(self) -> int:
        """The click's time in Unix milliseconds: its id's, if that is a UUIDv7."""
        return click_id_ms(self.click_id, self.timestamp)


class Clicks(NamedTuple):
    """Clicks as columns, which are alike in length and order; texts are in UTF-8, and checked.

    Attributes:
        entry_ids: where they stood in the stream.
        click_ids: as in :class:`Click`, like the texts.
        times_ms: Unix milliseconds, as :attr:`Click.time_ms`.
    """

    entry_ids: list[bytes]
    click_ids: list[bytes]
    times_ms: list[int]
    short_codes: list[bytes]
    ips: list[bytes]
    user_agents: list[bytes]
    referers: list[bytes]
    original_urls: list[bytes]
    hosts: list[bytes]
    accept_languages: list[bytes]
    fetch_modes: list[bytes]
    purposes: list[bytes]
    queries: list[bytes]
    count_only: list[bytes]
    owns: list[bytes]
    client_hints: list[bytes]


def new_click_id(now_ms: int, random: bytes) -> bytes:
    """Return a UUIDv7 of a time in Unix milliseconds and 10 random bytes (RFC 9562 §5.7)."""
    value = (now_ms << 80) | int.from_bytes(random, "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return value.to_bytes(16, "big")


def click_id_ms(click_id: bytes, timestamp: int) -> int:
    """Return the milliseconds in a UUIDv7, or those of the timestamp for any other id."""
    time_ms = int.from_bytes(click_id[:6], "big")
    if click_id[6] >> 4 != 7 or abs(time_ms - timestamp * 1000) > MAX_ID_DRIFT_MS:
        return timestamp * 1000
    return time_ms


def to_fields(click: Click) -> dict[str, str]:
    """Return the flat stream fields of a click; empty extra fields are left out."""
    flat = {name: str(getattr(click, name)) for name in ADR_FIELDS}
    flat["click_id"] = click.click_id.hex()
    flat.update({name: value for name in _EXTRA_FIELDS if (value := getattr(click, name))})
    return flat


def from_fields(entry_id: bytes, entry: Mapping[bytes, bytes]) -> Click:
    """Decode a stream entry.

    An entry without a click id gets one derived from its fields and entry id, so that every
    redelivery derives the same.

    Raises:
        InvalidClick: with the reason, when the entry is no click.
    """
    for field in ADR_FIELDS:
        if field.encode() not in entry:
            raise InvalidClick("missing_field", f"{field} is missing")
    timestamp = _decode_timestamp(entry[b"timestamp"])
    text = {name: _decode_text(name, entry.get(name.encode(), b"")) for name in _TEXT_FIELDS}
    for name in ("short_code", "original_url"):
        if not text[name]:
            raise InvalidClick("empty_field", f"{name} is empty")
    return Click(click_id=_decode_id(entry_id, entry, timestamp), timestamp=timestamp, **text)


def decode(entry_ids: Sequence[bytes], flats: Sequence[Sequence[bytes]]) -> Clicks:
    """Decode many stream entries at a tenth of the cost; the order of the clicks is another.

    What takes time for each value is done for each column instead: entries of one producer have
    the same fields in the same order.

    Args:
        flats: of each entry the names and values in turn, as they were written.

    Raises:
        InvalidClick: at least one of the entries is no click. For a single entry it is what
            :func:`from_fields` raises.
    """
    if len(flats) == 1:
        fields = dict(zip(flats[0][::2], flats[0][1::2], strict=True))
        from_fields(entry_ids[0], fields)
    clicks: list[list[Any]] = [[] for _ in Clicks._fields]
    for positions, columns in _columns_of_alike(flats):
        decoded = _decode_columns([entry_ids[position] for position in positions], columns)
        for column, more in zip(clicks, decoded, strict=True):
            column.extend(more)
    return Clicks(*clicks)


def _columns_of_alike(
    flats: Sequence[Sequence[bytes]],
) -> Iterator[tuple[list[int], dict[bytes, tuple[bytes, ...]]]]:
    """Yield the values by name of entries with the same names, and which entries they are."""
    for positions in _grouped(map(len, flats)):
        columns = list(zip(*map(flats.__getitem__, positions), strict=True))
        # To take the names apart entry by entry would take twice the time.
        if all(names.count(names[0]) == len(positions) for names in columns[::2]):
            yield positions, _by_name(columns)
            continue
        for some in _grouped(tuple(flats[position][::2]) for position in positions):
            alike = [positions[index] for index in some]
            yield alike, _by_name(list(zip(*map(flats.__getitem__, alike), strict=True)))


def _grouped(keys: Iterable[Hashable]) -> Iterable[list[int]]:
    """Return the positions of equal keys together."""
    groups: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return groups.values()


def _by_name(columns: Sequence[tuple[bytes, ...]]) -> dict[bytes, tuple[bytes, ...]]:
    """Return the values of entries that are alike, given names and values in turn."""
    # Of a doubled name the last counts.
    return {names[0]: values for names, values in zip(columns[::2], columns[1::2], strict=True)}


def _decode_columns(
    entry_ids: list[bytes], columns: Mapping[bytes, tuple[bytes, ...]]
) -> tuple[Sequence[bytes] | Sequence[int], ...]:
    """Return the columns of :class:`Clicks` of entries with the same names."""
    for name in _REQUIRED:
        if name not in columns:
            raise InvalidClick("missing_field", f"{name.decode()} is missing")
    seconds = {raw: _decode_timestamp(raw) for raw in set(columns[b"timestamp"])}
    timestamps = [seconds[raw] for raw in columns[b"timestamp"]]
    nothing = (b"",) * len(entry_ids)
    texts = {name: columns.get(name, nothing) for name in _TEXTS}
    for name, column in texts.items():
        if name in columns:
            _check_texts(name, column)
    if b"" in texts[b"short_code"] or b"" in texts[b"original_url"]:
        raise InvalidClick("empty_field", "short_code or original_url is empty")
    if b"click_id" in columns:
        click_ids = _decode_ids(columns[b"click_id"])
    else:
        click_ids = _derive_ids(entry_ids, columns, timestamps)
    return (
        entry_ids,
        click_ids,
        _times_ms(click_ids, timestamps),
        *(texts[name] for name in _CLICKS_TEXTS),
    )


def _check_texts(name: bytes, column: Sequence[bytes]) -> None:
    if max(map(len, column)) > MAX_FIELD_BYTES:
        raise InvalidClick("too_long", f"a {name.decode()} is too long")
    try:
        # A zero byte is a character of its own, so that all are UTF-8 if each is.
        b"\0".join(column).decode()
    except UnicodeDecodeError as error:
        raise InvalidClick("not_utf8", f"a {name.decode()}: {error.reason}") from None


def _decode_ids(column: Sequence[bytes]) -> list[bytes]:
    if set(map(len, column)) == {2 * _ID_BYTES}:
        try:
            ids = binascii.unhexlify(b"".join(column))
        except binascii.Error:
            raise InvalidClick("bad_click_id", "a click_id is not hexadecimal") from None
        return [ids[start : start + _ID_BYTES] for start in range(0, len(ids), _ID_BYTES)]
    return [_parse_id(raw) for raw in column]


def _derive_ids(
    entry_ids: Sequence[bytes],
    columns: Mapping[bytes, Sequence[bytes]],
    timestamps: Sequence[int],
) -> list[bytes]:
    entries = (
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    )
    return list(map(_derive_id, entry_ids, entries, timestamps))


def _times_ms(click_ids: Sequence[bytes], timestamps: Sequence[int]) -> list[int]:
    """Return what :func:`click_id_ms` returns for each."""
    fronts = struct.unpack(f">{2 * len(click_ids)}Q", b"".join(click_ids))[::2]
    return [
        time_ms
        if front & 0xF000 == 0x7000
        and -MAX_ID_DRIFT_MS <= (time_ms := front >> 16) - second * 1000 <= MAX_ID_DRIFT_MS
        else second * 1000
        for front, second in zip(fronts, timestamps, strict=True)
    ]


def _decode_timestamp(raw: bytes) -> int:
    if len(raw) > 24 or not _TIMESTAMP.fullmatch(raw):
        raise InvalidClick("bad_timestamp", f"timestamp {raw[:40]!r} is no number of Unix seconds")
    timestamp = int(raw.partition(b".")[0])
    if not MIN_TIMESTAMP <= timestamp < MAX_TIMESTAMP:
        raise InvalidClick("bad_timestamp", f"timestamp {timestamp} is outside 2001 to 2099")
    return timestamp


def _decode_text(name: str, raw: bytes) -> str:
    if len(raw) > MAX_FIELD_BYTES:
        raise InvalidClick("too_long", f"{name} has {len(raw)} bytes, at most {MAX_FIELD_BYTES}")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidClick("not_utf8", f"{name} is not UTF-8: {error.reason}") from None


def _decode_id(entry_id: bytes, entry: Mapping[bytes, bytes], timestamp: int) -> bytes:
    raw = entry.get(b"click_id")
    return _derive_id(entry_id, entry, timestamp) if raw is None else _parse_id(raw)


def _parse_id(raw: bytes) -> bytes:
    if len(raw) > 36 or not _CLICK_ID.fullmatch(raw):
        raise InvalidClick("bad_click_id", f"click_id {raw[:48]!r} is not 32 hexadecimal digits")
    return bytes.fromhex(raw.replace(b"-", b"").decode("ascii"))


def _derive_id(entry_id: bytes, entry: Mapping[bytes, bytes], timestamp: int) -> bytes:
    digest = hashlib.blake2b(entry_id, digest_size=10)
    for name in sorted(entry):
        digest.update(b"%d:%b%d:%b" % (len(name), name, len(entry[name]), entry[name]))
    return new_click_id(timestamp * 1000, digest.digest())
