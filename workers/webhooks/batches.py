"""Batches of clicks, as webhooks are told of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from app.clicks.click import Clicks
from app.clicks.rows import Rows
from app.links.link import Link
from app.times import rfc3339
from app.webhooks.delivery import Delivery
from app.webhooks.webhook import Webhook

#: Clicks of one delivery, and bytes of them, but for one that takes more by itself.
MOST_CLICKS = 100
_MOST_BYTES = 200_000
#: Characters of a text that visitors send.
_MOST_TEXT = 512
_COLUMNS = (
    *("country", "region", "city", "browser", "browser_version", "os", "os_version", "device"),
    *("verdict", "bot", "referrer_host", "source", "channel", "utm_source", "utm_medium"),
    *("utm_campaign", "utm_term", "utm_content", "language", "host"),
)


class Told(NamedTuple):
    """A click as JSON, and whether a program made it."""

    text: bytes
    is_bot: bool


def told_of(rows: Rows) -> list[Told]:
    """Return what webhooks are told of clicks: of an address and a visitor nothing."""
    columns = {name: getattr(rows, name) for name in _COLUMNS}
    return [
        Told(
            orjson.dumps(
                {
                    "click_id": rows.click_id[place].hex(),
                    "time": rfc3339(rows.time[place]),
                    "code": _text(rows.short_code[place]),
                    "target": rows.target[place].decode(errors="replace"),
                    "is_bot": bool(rows.is_bot[place]),
                    "referrer": _text(rows.referrer[place]),
                    "user_agent": _text(rows.user_agent[place]),
                    **{name: _text(column[place]) for name, column in columns.items()},
                }
            ),
            bool(rows.is_bot[place]),
        )
        for place in range(len(rows.click_id))
    ]


def batches_of(
    clicks: Clicks,
    told: Sequence[Told],
    links: Mapping[str, Link],
    webhooks: Sequence[Webhook],
    message: Callable[[Webhook, str, int], Delivery],
) -> list[tuple[Delivery, bytes]]:
    """Return the deliveries that tell webhooks of the clicks that each chooses.

    Args:
        told: what there is to tell of each click.
        links: by code; those of which nothing is known carry no tags.
        message: makes a delivery, given webhook, event and number of clicks.
    """
    codes = [code.decode() for code in clicks.short_codes]
    tags = {code: links[code].tags if code in links else () for code in set(codes)}
    times_ms = [int(entry_id.partition(b"-")[0]) for entry_id in clicks.entry_ids]
    found = []
    for webhook in webhooks:
        if "click.batch" not in webhook.events:
            continue
        chosen = {code for code in tags if webhook.chooses(code, tags[code])}
        own = [
            one.text
            for one, code, time_ms in zip(told, codes, times_ms, strict=True)
            if code in chosen and webhook.hears("click.batch", time_ms)
        ]
        for batch in pieces(own):
            made = message(webhook, "click.batch", len(batch))
            found.append((made, _body(made, batch)))
    return found


def pieces(texts: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield texts in pieces that are not too many or too large."""
    piece: list[bytes] = []
    size = 0
    for text in texts:
        if piece and (len(piece) >= MOST_CLICKS or size + len(text) > _MOST_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(text)
        size += len(text)
    if piece:
        yield piece


def _body(made: Delivery, batch: Sequence[bytes]) -> bytes:
    head = orjson.dumps({"type": made.event, "timestamp": rfc3339(made.created_ms)})
    return head[:-1] + b',"data":{"clicks":[' + b",".join(batch) + b"]}}"


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")[:_MOST_TEXT]
