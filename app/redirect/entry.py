"""A click's stream entry as the bytes of one XADD.

The entry is the one of :func:`app.click.to_fields`, byte for byte; a test holds them equal. It is
made from one template because it is made for every redirect.
"""

from typing import NamedTuple

from app.click import new_click_id
from app.links import Link
from app.redirect.resp import decode_command, encode_command
from app.redirect.visit import Visit

#: In the order of the contract.
EXTRA_NAMES = (b"host", b"accept_language", b"purpose", b"gpc")
_FIELD_COUNT = 7
_FIELDS = (
    b"$10\r\nshort_code\r\n$%d\r\n%b\r\n"
    b"$9\r\ntimestamp\r\n$%d\r\n%b\r\n"
    b"$2\r\nip\r\n$%d\r\n%b\r\n"
    b"$10\r\nuser_agent\r\n$%d\r\n%b\r\n"
    b"$7\r\nreferer\r\n$%d\r\n%b\r\n"
    b"$12\r\noriginal_url\r\n$%d\r\n%b\r\n"
    b"$8\r\nclick_id\r\n$32\r\n%b\r\n"
)


class NewClick(NamedTuple):
    """A click that was just made: its 16-byte id and its XADD."""

    click_id: bytes
    command: bytes


class EntryWriter:
    """Writes XADD commands for one stream."""

    def __init__(self, stream: str, maxlen: int) -> None:
        self._start = (
            b"XADD",
            stream.encode(),
            b"MAXLEN",
            b"~",
            b"%d" % maxlen,
            b"*",
        )
        start = encode_command(*self._start).partition(b"\r\n")[2]
        self._template = b"*%d\r\n" + start.replace(b"%", b"%%") + _FIELDS

    def new_click(self, link: Link, visit: Visit, now: float, random: bytes) -> NewClick:
        """Return a click on a link at a time in Unix seconds, made unique by 10 random bytes."""
        click_id = new_click_id(int(now * 1000), random)
        timestamp = b"%d" % now
        command = self.write(click_id, link.code.encode(), timestamp, link.target.encode(), visit)
        return NewClick(click_id, command)

    def write(
        self, click_id: bytes, short_code: bytes, timestamp: bytes, target: bytes, visit: Visit
    ) -> bytes:
        """Return the XADD of one click.

        Args:
            click_id: 16 bytes.
            timestamp: Unix seconds in digits.
        """
        extras = b""
        count = _FIELD_COUNT
        for name, text in zip(EXTRA_NAMES, visit[3:], strict=True):
            if text:
                extras += b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(text), text)
                count += 1
        fixed = self._template % (
            len(self._start) + 2 * count,
            len(short_code),
            short_code,
            len(timestamp),
            timestamp,
            len(visit.ip),
            visit.ip,
            len(visit.user_agent),
            visit.user_agent,
            len(visit.referer),
            visit.referer,
            len(target),
            target,
            click_id.hex().encode(),
        )
        return fixed + extras

    def readdress(self, command: bytes) -> bytes:
        """Return the same entry as an XADD of this stream, whatever stream it was made for.

        Raises:
            ValueError: when the bytes are no XADD of ours.
        """
        arguments = decode_command(command)
        fields = arguments[len(self._start) :]
        if arguments[:1] != [b"XADD"] or not fields or len(fields) % 2:
            raise ValueError("not an XADD of a click")
        return encode_command(*self._start, *fields)
