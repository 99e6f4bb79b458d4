"""Answers that Redis may give for a code's link, read from its replies and refused if unsound."""

import re
from collections.abc import Callable
from enum import Enum

import hiredis

from app.links.link import REDIRECT_STATUSES, CorruptLink, Link, decode
from app.redirect.redis.replies import PipelineError
from app.redirect.redis.resp import encode_command
from app.stores.keys import link_key

#: What may stand in Location and Cache-Control: no byte of these can end a header (RFC 9110 §5.5).
_SOUND_TARGET = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_SOUND_HEADER = re.compile(r"[\x20-\x7e]*")


class Unknown(Enum):
    """What stands for a link that does not exist."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


class LookupUnavailable(Exception):
    """Whether the code has a link can't be told now; the text says why."""


Found = Link | Unknown | LookupUnavailable
OnFound = Callable[[Found], None]


def command_of(code: str) -> bytes:
    """Return what Redis is asked for a code's link."""
    return encode_command(b"GET", link_key(code).encode())


def read(code: str, reply: object) -> Link | Unknown:
    """Return the link that Redis replied with.

    Raises:
        LookupUnavailable: it replied with something else, or with what no redirect can be made of.
    """
    if reply is None:
        return UNKNOWN
    if isinstance(reply, (hiredis.ReplyError, PipelineError)):
        raise LookupUnavailable(str(reply))
    if not isinstance(reply, bytes):
        raise LookupUnavailable(f"unexpected reply {reply!r}")
    try:
        link = decode(code, reply)
        _require_sound(link)
    except CorruptLink as error:
        raise LookupUnavailable(str(error)) from None
    except TypeError as error:
        raise LookupUnavailable(f"a field has the wrong type: {error}") from None
    return link


def _require_sound(link: Link) -> None:
    """Refuse what would end up in a response header, whoever wrote it into Redis."""
    if link.deleted:
        return
    if not _SOUND_TARGET.fullmatch(link.target):
        raise LookupUnavailable(f"target {link.target[:80]!r} is no sound URL")
    if not _SOUND_HEADER.fullmatch(link.cache_control or ""):
        raise LookupUnavailable(f"cache_control {link.cache_control!r} is no sound header")
    if link.status not in REDIRECT_STATUSES:
        raise LookupUnavailable(f"status {link.status!r} is no redirect")
