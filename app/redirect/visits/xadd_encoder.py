"""Encoder that writes a click's stream entry as the bytes of one XADD.

The entry is the one of :func:`app.clicks.click.to_fields`, byte for byte; a test holds them equal.
It is put together from parts, since most parts of most clicks have been seen before:
:class:`LinkParts` and :class:`TextParts` keep them.

Rule: one click in sixteen has Redis keep the stream within its bound. The bound is approximate
      anyhow, a hundred entries at a time (MAXLEN ~), and asking for it with each click would cost
      Redis a seventh of its work.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.clicks.click import MAX_FIELD_BYTES
from app.links.link import Link
from app.redirect.redis.resp import decode_command, encode_command
from app.redirect.visits.visit import FIELD_BYTES, Visit, clean

#: In the order of the contract.
EXTRA_NAMES = (
    *(b"host", b"accept_language", b"fetch_mode"),
    *(b"purpose", b"gpc", b"query", b"count_only", b"own", b"client_hints"),
)
_FIELD_COUNT = 7
#: Behind it come an id's 32 hexadecimal digits and the end of the line.
_ID_LABEL = b"$8\r\nclick_id\r\n$32\r\n"
END = b"\r\n"
#: The last digit of the ids, one in sixteen and at random, whose clicks have the stream trimmed.
_TRIMMING_DIGIT = ord("0")

_XADD = re.compile(rb"\*[0-9]+\r\n\$4\r\nXADD\r\n")

#: Texts longer than this are rarely seen twice, and a few of them would fill the memory.
_LONGEST_KEPT_BYTES = 300
_KEPT_TEXTS = 2048
#: Of the lane that is not the fast one; their targets may have 8 KB.
_REMEMBERED_LINKS = 1024


@dataclass(frozen=True, slots=True)
class LinkParts:
    """What is the same in all clicks of a link.

    Attributes:
        short_code: the field.
        tail: the target, and what stands before the id's digits.
    """

    short_code: bytes
    tail: bytes


class TextParts(dict[bytes, bytes]):
    """A field of the entry by the raw bytes that it is made from, remembered within bounds.

    An extra field without text has no bytes.
    """

    def __init__(self, name: bytes) -> None:
        super().__init__()
        self._name = name
        self._limit = FIELD_BYTES[name]

    def __missing__(self, raw: bytes) -> bytes:
        text = clean(raw, self._limit)
        part = field(self._name, text) if text or self._name not in EXTRA_NAMES else b""
        if len(raw) <= _LONGEST_KEPT_BYTES:
            if len(self) >= _KEPT_TEXTS:
                self.clear()
            self[raw] = part
        return part


class XaddEncoder:
    """Encodes clicks as XADD commands of one stream at a time."""

    def __init__(self, stream: str, maxlen: int) -> None:
        self._maxlen = b"%d" % maxlen
        self.address(stream)
        self._remembered_parts = lru_cache(_REMEMBERED_LINKS)(self.link_parts)
        self._addresses = TextParts(b"ip")
        self._user_agents = TextParts(b"user_agent")
        self._referers = TextParts(b"referer")
        self._hosts, self._languages, self._modes, *last = map(TextParts, EXTRA_NAMES)
        self._purposes, self._gpc, self._queries, self._marks, self._owns, self._hints = last
        self._second = 0
        self._timestamp = b""

    def address(self, stream: str) -> None:
        """Make XADDs of this stream from now on; it may hold as much as the first."""
        self._start = (b"XADD", stream.encode(), b"*")
        self._trimming_start = (*self._start[:2], b"MAXLEN", b"~", self._maxlen, b"*")
        self._heads, self._trimming_heads = map(_heads, (self._start, self._trimming_start))

    def encode_visit(self, digits: bytes, link: Link, second: int, visit: Visit) -> bytes:
        """Return the XADD of a click on a link; as :meth:`encode`, for who keeps no parts."""
        parts = self._remembered_parts(link.code.encode(), link.target.encode())
        return self.encode(digits, parts, second, visit)

    def link_parts(self, short_code: bytes, target: bytes) -> LinkParts:
        """Return what the entries of a link have in common."""
        kept_target = target[:MAX_FIELD_BYTES]
        return LinkParts(
            field(b"short_code", short_code), field(b"original_url", kept_target) + _ID_LABEL
        )

    def encode(
        self, digits: bytes, link: LinkParts, second: int, visit: Sequence[bytes | None]
    ) -> bytes:
        """Return the XADD of one click.

        Args:
            digits: the click's id, as :class:`~app.redirect.visits.click_ids.VisitIds` makes them.
            second: when, in Unix seconds.
            visit: the texts of a :class:`~app.redirect.visits.visit.Visit`, in its order; may be as
                the client sent them, or None.
        """
        ip, user_agent, referer, host, language, purpose, gpc, query, mark, own, hints, mode = visit
        if second != self._second:
            self._second, self._timestamp = second, field(b"timestamp", b"%d" % second)
        extras: tuple[bytes, ...] = (
            self._hosts[host] if host else b"",
            self._languages[language] if language else b"",
            self._modes[mode] if mode else b"",
        )
        # Most visits say no more, and are asked once for all of these.
        if purpose or gpc or query or mark or own:
            extras += (
                self._purposes[purpose] if purpose else b"",
                self._gpc[gpc] if gpc else b"",
                self._queries[query] if query else b"",
                self._marks[mark] if mark else b"",
                self._owns[own] if own else b"",
            )
        if hints:
            extras += (self._hints[hints],)
        heads = self._trimming_heads if digits[-1] == _TRIMMING_DIGIT else self._heads
        return b"".join(
            (
                heads[len(extras) - extras.count(b"")],
                link.short_code,
                self._timestamp,
                self._addresses[ip or b""],
                self._user_agents[user_agent or b""],
                self._referers[referer or b""],
                link.tail,
                digits,
                END,
                *extras,
            )
        )

    def readdress(self, command: bytes, stream: str = "") -> bytes:
        """Return the same entry as an XADD of another stream, whatever it was made for.

        It trims the stream: what was kept for a while comes in great numbers.

        Args:
            stream: empty for the one of now.

        Raises:
            ValueError: when the bytes are no XADD of ours.
        """
        arguments = decode_command(command)
        start = self._trimming_start if arguments[2:3] == [b"MAXLEN"] else self._start
        fields = arguments[len(start) :]
        if arguments[:1] != [b"XADD"] or not fields or len(fields) % 2:
            raise ValueError("not an XADD of a click")
        xadd, key, *bound = self._trimming_start
        return encode_command(xadd, stream.encode() or key, *bound, *fields)


def is_click(command: bytes) -> bool:
    """Tell whether a command is the XADD of a click, and none that only asks whether one may be."""
    return _XADD.match(command) is not None and _ID_LABEL in command


def click_id_of(command: bytes) -> bytes:
    """Return the 16-byte id of the click that an XADD of ours records.

    No field's text can be mistaken for the label, which holds line ends, as no header does.
    """
    digits = command.rpartition(_ID_LABEL)[2][:32]
    return bytes.fromhex(digits.decode("ascii"))


def _heads(start: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return a command up to its fields, by how many of the extra ones there are."""
    encoded = encode_command(*start).partition(END)[2]
    counts = range(_FIELD_COUNT, _FIELD_COUNT + len(EXTRA_NAMES) + 1)
    return tuple(b"*%d\r\n" % (len(start) + 2 * count) + encoded for count in counts)


def field(name: bytes, text: bytes) -> bytes:
    """Return a field's name and text as arguments of a command."""
    return b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(text), text)
