"""Links out of Redis and back into it, with how often limited ones were used."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from app.links.link import decode, encode
from app.links.store import LinkStore

#: Links of one round trip.
_PIECE = 500


def link_lines(store: LinkStore) -> Iterator[dict[str, Any]]:
    """Yield all links, deleted ones too, whose codes stay taken."""
    for link in store.links.scan(deleted=True):
        uses = store.uses(link)
        yield {"code": link.code, "link": orjson.Fragment(encode(link)), "uses": uses}


def restore_links(store: LinkStore, lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Store links whose codes are free; yield the codes under which another link stands.

    Those are left alone. Repeating it changes nothing.

    Raises:
        CorruptLink: a line holds no link.
        RedisUnavailable, RedisRefused: some may be stored.
    """
    waiting = iter(lines)
    while piece := list(islice(waiting, _PIECE)):
        links = [decode(line["code"], orjson.dumps(line["link"])) for line in piece]
        for line, link, found in zip(piece, links, store.put_new(links), strict=True):
            if found is None or found == encode(link):
                store.restore_uses(link.code, line["uses"])
            else:
                yield link.code
