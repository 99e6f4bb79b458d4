"""Making of a link that was drafted, perhaps by a second try of whom no answer reached."""

from collections.abc import Callable, Sequence
from typing import Protocol

from app.links.link import CodeTaken, CorruptLink, Link, decode

#: Is told of a link under another code, before that is tried.
Note = Callable[[Link], object]


class Shelf(Protocol):
    """What links are stored on."""

    def put_new(self, links: Sequence[Link]) -> list[bytes | None]:
        """Store each link whose code is free; return the texts of those in the way."""

    def put_elsewhere(self, link: Link, note: Note) -> Link:
        """Store a link under another made-up code, and return it."""


def make(
    shelf: Shelf,
    link: Link,
    *,
    is_chosen: bool,
    is_another_try: bool = False,
    note: Note = lambda _: None,
) -> Link:
    """Store a link, under another code where a made-up one is taken, and return it.

    Args:
        is_chosen: whether somebody wants this very code.
        is_another_try: whether one before may have stored it already.

    Raises:
        CodeTaken: the code is not free.
    """
    [held] = shelf.put_new([link])
    if held is None or (is_another_try and _is_of(held, link)):
        return link
    if is_chosen:
        raise CodeTaken(f"the code {link.code!r} is taken")
    return shelf.put_elsewhere(link, note)


def _is_of(text: bytes, link: Link) -> bool:
    """Tell whether a text is what a link is by now: it may have been changed, or deleted."""
    try:
        return decode(link.code, text).created_ms == link.created_ms
    except CorruptLink:
        return False
