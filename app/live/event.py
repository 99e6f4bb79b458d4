"""Server-Sent Events that tell of clicks and of the rate at which they come.

https://html.spec.whatwg.org/multipage/server-sent-events.html

An event's id is where its click stands in the stream; on several streams, where each of them had
been read to, with commas between. Nothing of a visitor is told that no row would keep.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.clicks.click import Click
from app.explain.kept import kept_referrer
from app.http.addresses import network_of
from app.http.kept_address import Kept
from app.live.stream_tail import Places
from app.times import rfc3339
from app.verdicts.rule import Verdict

#: What is sent when there is nothing to tell, so that nobody between hangs up.
COMMENT = b": hopline\n\n"
_IDS = re.compile(r"[0-9]{1,20}-[0-9]{1,20}(?:,[0-9]{1,20}-[0-9]{1,20})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SeenClick:
    """A click that was seen in a stream.

    Attributes:
        event_id: up to where the streams had been read with it.
        tags: that its link carries, where somebody wants to know.
    """

    click: Click
    verdict: Verdict
    event_id: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """What came in the last second.

    Attributes:
        time_ms: Unix milliseconds.
        event_id: up to where the streams had been read.
        added: entries that came into the streams; None where that isn't told.
        read: how many of them were looked at; None where that isn't told.
        matched: clicks among those that were asked for.
        sent: how many of them were sent.
        is_sampled: whether there were more than were sent.
        is_redis_away: whether nobody can tell.
    """

    time_ms: int
    event_id: str
    added: int | None
    read: int | None
    matched: int
    sent: int
    is_sampled: bool
    is_redis_away: bool


def click_event(seen: SeenClick, keep: Kept) -> bytes:
    """Return the event of a click.

    Args:
        keep: what is stored of an address, of which at most the network is shown.
    """
    click, verdict = seen.click, seen.verdict
    is_shown = keep != "none" and not click.count_only
    return _event(
        "click",
        seen.event_id,
        {
            "time": rfc3339(click.time_ms),
            "click_id": click.click_id.hex(),
            "code": click.short_code,
            "target": click.original_url,
            "verdict": verdict.kind,
            "bot": verdict.name,
            "reasons": list(verdict.reasons),
            "network": network_of(click.ip) if is_shown else "",
            "referer": kept_referrer(click),
            "user_agent": "" if click.count_only else click.user_agent,
            "host": click.host,
        },
    )


def tick_event(tick: Tick) -> bytes:
    """Return the event of a second."""
    return _event(
        "tick",
        tick.event_id,
        {
            "time": rfc3339(tick.time_ms),
            "added": tick.added,
            "read": tick.read,
            "matched": tick.matched,
            "sent": tick.sent,
            "is_sampled": tick.is_sampled,
            "is_redis_away": tick.is_redis_away,
        },
    )


def end_event(reason: str) -> bytes:
    """Return the event behind which nothing follows: why."""
    return _event("end", "", {"reason": reason})


def write_id(places: Places, streams: Sequence[str]) -> str:
    """Return the id of an event: where each stream had been read to, in their order."""
    return ",".join(places[stream].decode() for stream in streams)


def read_id(text: str, streams: Sequence[str]) -> Places | None:
    """Return where to go on behind an event; None where streams were added or taken away since.

    Raises:
        ValueError: no event has such an id.
    """
    if not _IDS.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no id of an event: expected 1790000000000-0")
    ids = text.encode().split(b",")
    return dict(zip(streams, ids, strict=True)) if len(ids) == len(streams) else None


def _event(name: str, event_id: str, data: dict[str, Any]) -> bytes:
    # What JSON writes has no line break in it.
    head = f"id: {event_id}\nevent: {name}\n" if event_id else f"event: {name}\n"
    return b"%bdata: %b\n\n" % (head.encode(), orjson.dumps(data))
