"""Writer that stores texts of links, each change with its line in the trail (:mod:`app.changes`).

Rule: no change without its line, whoever is killed when. On one server a script writes both. On a
cluster link and trail lie on different nodes: there the line is written first, and taken back if
the change isn't made; a kill between the two leaves a line of a change that wasn't. Of several
      new links it is replaced by one that counts those which were stored.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.changes.author import Author
from app.changes.change import MOST, Change, What, difference, to_entry
from app.changes.trail import Trail
from app.links.link import Link, encode, terms
from app.links.target_index import TargetIndex
from app.stores.keys import API_CHANGES, link_key
from app.stores.redis.address import is_cluster
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: Links that a script stores, for Redis answers nobody else meanwhile: about 1.5 ms.
_PIECE = 250
#: Links that a script changes.
_SWAPPED = 100

#: A link's text as it was read, the link that it is, and what it shall be.
Exchange = tuple[bytes, Link, Link]


class LinkWriter:
    """Stores links as somebody's; what redis-py raises passes through."""

    def __init__(self, client: "redis.Redis", url: str, author: Author) -> None:
        self._client = client
        self._trail = Trail(client, url)
        self._targets = TargetIndex(client, url)
        self._is_cluster = is_cluster(url)
        self._author = author

    def put(self, links: Sequence[Link]) -> list[bytes | None]:
        """Store each link whose code is free; several, up to 250, are one line that counts them.

        Returns: for each link None, or the text of the link that has its code already.
        """
        held = self._put_on_cluster(links) if self._is_cluster else self._put(links)
        pairs = zip(links, held, strict=True)
        self._targets.note([link for link, raw in pairs if raw is None and not link.deleted])
        return held

    def _put(self, links: Sequence[Link]) -> list[bytes | None]:
        put = script("app.links", "put")
        pieces = self._client.pipeline(transaction=False)
        for start in range(0, len(links), _PIECE):
            piece = links[start : start + _PIECE]
            keys = [link_key(link.code) for link in piece]
            texts = [encode(link) for link in piece]
            line = to_entry(self._line_of_new(piece))
            pieces.eval(put, 1 + len(keys), API_CHANGES, *keys, MOST, *texts, *line)
        return [text for held in pieces.execute() for text in held]

    def _put_on_cluster(self, links: Sequence[Link]) -> list[bytes | None]:
        if not links:
            return []
        line = self._line_of_new(links)
        written = self._trail.write(line)
        stored = self._client.pipeline(transaction=False)
        for link in links:
            stored.set(link_key(link.code), encode(link), nx=True, get=True)
        held: list[bytes | None] = stored.execute()
        made = [link.code for link, text in zip(links, held, strict=True) if text is None]
        if 0 < len(made) < len(links):
            self._trail.write(replace(line, after={"codes": made}, count=len(made)))
        if len(made) < len(links):
            self._trail.take_back(written, line.subject)
        return held

    def swap(self, raw: bytes, before: Link, after: Link) -> bool:
        """Change a link's text, and tell whether that was still what was read."""
        is_swapped = self._swap(raw, before, after)
        if is_swapped and after.target not in ("", before.target):
            self._targets.note([after])
        return is_swapped

    def _swap(self, raw: bytes, before: Link, after: Link) -> bool:
        line = self._line_of_changed(before, after)
        swap = script("app.links", "swap")
        key, text = link_key(after.code), encode(after)
        if not self._is_cluster:
            return bool(
                self._client.eval(swap, 2, key, API_CHANGES, raw, text, MOST, *to_entry(line))
            )
        written = self._trail.write(line)
        is_swapped = bool(self._client.eval(swap, 1, key, raw, text))
        if not is_swapped:
            self._trail.take_back(written, line.subject)
        return is_swapped

    def swap_each(self, changes: Sequence[Exchange]) -> list[bool]:
        """Change texts of links, and tell of each whether it was still what was read."""
        swap_each = self._swap_each_on_cluster if self._is_cluster else self._swap_each
        done = swap_each(changes)
        swapped = (change for change, is_done in zip(changes, done, strict=True) if is_done)
        self._targets.note(
            [after for _, before, after in swapped if after.target not in ("", before.target)]
        )
        return done

    def _swap_each(self, changes: Sequence[Exchange]) -> list[bool]:
        swap = script("app.links", "swap_each")
        pieces = self._client.pipeline(transaction=False)
        for start in range(0, len(changes), _SWAPPED):
            piece = changes[start : start + _SWAPPED]
            words: list[str | bytes | int] = []
            for raw, before, after in piece:
                line = to_entry(self._line_of_changed(before, after))
                words += [raw, encode(after), len(line), *line]
            keys = [link_key(after.code) for _, _, after in piece]
            pieces.eval(swap, 1 + len(keys), API_CHANGES, *keys, MOST, *words)
        return [bool(done) for piece in pieces.execute() for done in piece]

    def _swap_each_on_cluster(self, changes: Sequence[Exchange]) -> list[bool]:
        lines = [self._line_of_changed(before, after) for _, before, after in changes]
        written = self._trail.write_each(lines)
        swap = script("app.links", "swap")
        swaps = self._client.pipeline(transaction=False)
        for raw, _, after in changes:
            swaps.eval(swap, 1, link_key(after.code), raw, encode(after))
        done = [bool(each) for each in swaps.execute()]
        for line_id, line, is_done in zip(written, lines, done, strict=True):
            if not is_done:
                self._trail.take_back(line_id, line.subject)
        return done

    def _line_of_new(self, links: Sequence[Link]) -> Change:
        if len(links) > 1:
            # On one server the script says which were stored.
            told = {"codes": [link.code for link in links]} if self._is_cluster else {}
            return Change("links.created", "", self._author, after=told, count=len(links))
        (link,) = links
        what: What = "link.deleted" if link.deleted else "link.created"
        return Change(what, link.code, self._author, after=terms(link))

    def _line_of_changed(self, before: Link, after: Link) -> Change:
        what: What = "link.deleted" if after.deleted else "link.changed"
        if before.deleted:
            what = "link.restored"
        return Change(what, after.code, self._author, *difference(terms(before), terms(after)))
