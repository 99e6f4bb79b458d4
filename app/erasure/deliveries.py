"""Erasure that takes clicks out of deliveries to webhooks: those that wait, and those that ended.

Rule 1: who tells webhooks may hold clicks that it has read and not told of yet. It is made to begin
        anew, from what the streams hold by now, before deliveries are looked through.
Rule 2: a delivery keeps its id and the clicks of others; without any it goes. What its receivers
        answered goes, too: it may repeat what they were sent.
Rule 3: a delivery that can't be read stays as it is, and is counted, for it may hold any clicks.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from app.audit.entry_counts import Call
from app.erasure.choice import Choice
from app.stores.keys import WEBHOOK_BYTES, WEBHOOK_PLACES, WEBHOOKS
from app.stores.redis.client import despite_full
from app.stores.scripts import script
from app.webhooks.deliveries import ERASURES
from app.webhooks.delivery import decode, encode, pack, unpack, without_answers
from app.webhooks.webhook import keys_of

_SCAN = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Chosen = Callable[[dict[str, Any]], bool]


class _Unreadable(Exception):
    """A delivery is none that this version knows."""


class Told(NamedTuple):
    """What deliveries held of a choice.

    Attributes:
        clicks: that were taken out, or would be.
        unreadable: how many deliveries can't be read, by webhook.
    """

    clicks: int
    unreadable: dict[str, int]


class ToldClicks:
    """Clicks in the deliveries of all webhooks. Raises what ``call`` raises.

    Args:
        call: sends one command to Redis.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._replace = script("app.erasure", "delivery")

    def erase(self, choice: Choice, click_ids: Container[bytes], *, is_dry: bool) -> Told:
        """Take the clicks of a choice, and of click ids, out."""
        webhook_ids = self._webhook_ids()
        if webhook_ids and not is_dry:
            self._call(*despite_full(WEBHOOK_PLACES, "HINCRBY", WEBHOOK_PLACES, ERASURES, 1))

        def is_chosen(told: dict[str, Any]) -> bool:
            if bytes.fromhex(told["click_id"]) in click_ids:
                return True
            return told["code"] == choice.code and (
                choice.since_ms <= _unix_ms(told["time"]) < choice.until_ms
            )

        clicks, unreadable = 0, Counter[str]()
        for webhook_id in webhook_ids:
            for delivery_id in self._with_clicks(webhook_id):
                try:
                    clicks += self._erase_from(webhook_id, delivery_id, is_chosen, is_dry=is_dry)
                except _Unreadable:
                    unreadable[webhook_id] += 1
        return Told(clicks, dict(unreadable))

    def _webhook_ids(self) -> list[str]:
        held = self._call("HGETALL", WEBHOOKS)
        ids = held.keys() if isinstance(held, dict) else held[::2]
        return [webhook_id.decode() for webhook_id in ids]

    def _with_clicks(self, webhook_id: str) -> Iterator[bytes]:
        """Yield the ids of the deliveries that carry clicks, or can't be read, the oldest first."""
        all_, *_, records, _ = keys_of(webhook_id)
        after: str | bytes = "-"
        while ids := self._call("ZRANGEBYLEX", all_, after, "+", "LIMIT", 0, _SCAN):
            texts = self._call("HMGET", records, *ids)
            for delivery_id, text in zip(ids, texts, strict=True):
                delivery = decode(text or b"")
                if text is not None and (delivery is None or delivery.clicks):
                    yield delivery_id
            after = b"(" + ids[-1]

    def _erase_from(
        self, webhook_id: str, delivery_id: bytes, is_chosen: Chosen, *, is_dry: bool
    ) -> int:
        """Take chosen clicks out of a delivery, however often it is tried meanwhile.

        Raises:
            _Unreadable: nobody can tell which clicks it carries.
        """
        keys = (WEBHOOK_BYTES, *keys_of(webhook_id))
        while True:
            text, packed = (self._call("HGET", key, delivery_id) for key in keys[-2:])
            if text is None or packed is None:
                return 0
            delivery = decode(text)
            if delivery is None:
                raise _Unreadable
            body, left = _without(packed, is_chosen)
            gone = len(body["data"]["clicks"]) - len(left)
            if not gone or is_dry:
                return gone
            body["data"]["clicks"] = left
            renewed = replace(without_answers(delivery), clicks=len(left))
            texts = (text, hashlib.sha1(packed, usedforsecurity=False).hexdigest())
            new = (encode(renewed), pack(orjson.dumps(body))) if left else ("", "")
            if self._call(
                "EVAL", self._replace, len(keys), *keys, webhook_id, delivery_id, *texts, *new
            ):
                return gone


def _without(packed: bytes, is_chosen: Chosen) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a body, and its clicks that aren't chosen."""
    try:
        body = orjson.loads(unpack(packed))
        return body, [told for told in body["data"]["clicks"] if not is_chosen(told)]
    except (ValueError, TypeError, KeyError):
        raise _Unreadable from None


def _unix_ms(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
