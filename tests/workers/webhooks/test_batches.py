import orjson

from app.clicks.click import to_fields
from app.links.link import Link
from app.webhooks.delivery import Delivery
from app.webhooks.webhook import Webhook
from tests.support.producers import make_click
from workers.webhooks.batches import MOST_CLICKS, Told, batches_of, pieces
from workers.webhooks.click_feed import readable
from workers.webhooks.click_group import is_behind


def entries(count: int, code: str = "a", at_ms: int = 10):
    return [
        (
            f"{at_ms + number}-0".encode(),
            {k.encode(): v.encode() for k, v in to_fields(make_click(short_code=code)).items()},
        )
        for number in range(count)
    ]


def webhook(**given) -> Webhook:
    held = {"url": "", "events": ("click.batch",), "secret": "", "created_ms": 0, "since_ms": 0}
    return Webhook(id="w", **{**held, **given})


def message(to: Webhook, event: str, clicks: int) -> Delivery:
    return Delivery(id="i", webhook=to.id, event=event, created_ms=0, until_ms=0, clicks=clicks)


def batches(clicks, webhooks, links=None):
    told = [Told(b'{"click_id":"%d"}' % number, False) for number in range(len(clicks.click_ids))]
    return batches_of(clicks, told, links or {}, webhooks, message)


def test_no_piece_is_too_long_or_too_large() -> None:
    assert [len(piece) for piece in pieces([b"a"] * 250)] == [MOST_CLICKS, MOST_CLICKS, 50]
    large = b"a" * 90_000
    assert [len(piece) for piece in pieces([large] * 5)] == [2, 2, 1]
    assert list(pieces([b"a" * 900_000] * 2)) == [[b"a" * 900_000], [b"a" * 900_000]]
    assert list(pieces([])) == []


def test_a_body_is_json_with_its_clicks() -> None:
    ((made, body),) = batches(readable(entries(3)), [webhook()])
    assert made.clicks == 3
    told = orjson.loads(body)
    assert told["type"] == "click.batch"
    assert [click["click_id"] for click in told["data"]["clicks"]] == ["0", "1", "2"]


def test_each_webhook_gets_what_it_chooses_from_its_time_on() -> None:
    clicks = readable(entries(5) + entries(5, "b", 20))
    link = Link(code="b", target="t", created_ms=0, updated_ms=0, tags=("shop",))
    for given, count in (
        ({}, 10),
        ({"codes": ("a",)}, 5),
        ({"tags": ("shop",)}, 5),
        ({"since_ms": 12}, 8),
        ({"disabled": True}, 0),
        ({"events": ("link.created",)}, 0),
    ):
        found = batches(clicks, [webhook(**given)], {"b": link})
        assert sum(made.clicks for made, _ in found) == count


def test_what_is_no_click_is_left_out() -> None:
    good = entries(3)
    bad = [(b"5-0", {b"a": b"b"}), (b"6-0", {b"short_code": b"\xff"})]
    assert len(readable([*bad, *good]).click_ids) == 3
    assert readable(bad) is None
    assert readable([]) is None


def test_a_gap_is_what_was_deleted_behind_a_place_at_the_head_of_a_stream() -> None:
    first = [b"10-0", []]
    assert is_behind({"first-entry": first, "max-deleted-entry-id": b"9-0"}, "5-0")
    assert is_behind({"first-entry": None, "max-deleted-entry-id": b"9-0"}, "5-0")
    assert not is_behind({"first-entry": first, "max-deleted-entry-id": b"4-0"}, "5-0")
    assert not is_behind({"first-entry": first, "max-deleted-entry-id": b"5-0"}, "5-0")
    assert not is_behind({"first-entry": first, "max-deleted-entry-id": b"12-0"}, "5-0")
    assert not is_behind({"first-entry": None}, "5-0")
