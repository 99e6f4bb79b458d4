"""Deliveries from the stream to real receivers, well-behaved and not."""

import math
import time
from typing import Any

import orjson
import pytest
import redis
import standardwebhooks

from app.config.settings import Settings
from app.links.store import LinkStore
from app.processes.child import wait_for
from app.stores.keys import WEBHOOK_BYTES
from app.stores.redis.errors import RedisUnavailable
from app.webhooks.deliveries import Place, open_deliveries
from app.webhooks.store import open_webhooks
from tests.support.producers import STREAM
from tests.support.receivers import Behaviour, Request, answering, receiver, until_closed
from tests.support.workers.deliverer import Clock, add_webhook, click, clicks_of, delivering
from workers.webhooks import click_feed
from workers.webhooks.outbox import LeaseLost, Outbox

SECONDS = 120


def test_each_click_comes_once_in_signed_batches(settings: Settings) -> None:
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        with delivering(settings):
            sent = click(settings.redis_url, *["a"] * 250)
            assert wait_for(lambda: len(clicks_of(one)) == 250, SECONDS)
        assert sorted(clicks_of(one)) == sorted(sent)
        assert len(one.ids) == len(set(one.ids))
        verifier = standardwebhooks.Webhook(webhook.secret)
        for request in one.requests:
            told = verifier.verify(request.body, request.headers)
            assert len(told["data"]["clicks"]) <= 100
            assert request.headers["content-type"] == "application/json"
            assert "192.0.2." not in request.body.decode()
        first = told["data"]["clicks"][0]
        assert (first["code"], first["browser"], first["verdict"]) == ("a", "Firefox", "person")


def test_clicks_of_before_the_webhook_are_not_told(settings: Settings) -> None:
    with receiver() as one:
        click(settings.redis_url, "early")
        time.sleep(0.002)
        add_webhook(settings, one.url, "click.batch")
        late = click(settings.redis_url, "late")
        with delivering(settings):
            assert wait_for(lambda: clicks_of(one) == late, SECONDS)


def test_tags_and_codes_choose(settings: Settings, links: LinkStore) -> None:
    links.create({"target": "https://example.com/", "tags": ["shop"]}, code="tagged")
    links.create({"target": "https://example.com/"}, code="plain")
    with receiver() as shop, receiver() as code, receiver() as everything:
        add_webhook(settings, shop.url, "click.batch", tags=["shop"])
        add_webhook(settings, code.url, "click.batch", codes=["plain"])
        add_webhook(settings, everything.url, "click.batch")
        with delivering(settings):
            tagged, plain, unknown = click(settings.redis_url, "tagged", "plain", "unknown")
            assert wait_for(lambda: len(clicks_of(everything)) == 3, SECONDS)
            assert wait_for(lambda: shop.requests and code.requests, SECONDS)
        assert (clicks_of(shop), clicks_of(code)) == ([tagged], [plain])
        assert unknown in clicks_of(everything)


def test_entries_that_are_no_clicks_are_passed_over(
    settings: Settings, client: redis.Redis
) -> None:
    with receiver() as one:
        add_webhook(settings, one.url, "click.batch")
        with delivering(settings):
            client.xadd(STREAM, {"number": "1"})
            good = click(settings.redis_url, "a")
            client.xadd(STREAM, {b"short_code": b"\xff\0", b"timestamp": b"soon"})
            assert wait_for(lambda: clicks_of(one) == good, SECONDS)


def test_who_answers_500_gets_everything_once_it_is_well(settings: Settings) -> None:
    with receiver(answering(500)) as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        deliveries = open_deliveries(settings)
        with delivering(settings):
            sent = []
            for _ in range(4):
                sent += click(settings.redis_url, *["a"] * 150)
                before = len(sent)
                assert wait_for(
                    lambda before=before: (
                        sum(  # type: ignore[misc]
                            each.clicks
                            for each in deliveries.page(webhook.id, limit=200).deliveries
                        )
                        == before
                    ),
                    SECONDS,
                )
            assert wait_for(lambda: len(one.requests) > 3, SECONDS)
            failed = one.become(answering())
            assert wait_for(lambda: len(clicks_of(one)) == len(sent), SECONDS)
            assert wait_for(lambda: not any(deliveries.waiting([webhook.id]).values()), SECONDS)
        assert sorted(clicks_of(one)) == sorted(sent)
        assert len(one.ids) == len(set(one.ids))
        assert set(failed) <= set(one.ids)
        page = deliveries.page(webhook.id, limit=200).deliveries
        assert {each.state for each in page} == {"delivered"}
        tried = next(each for each in page if each.id == failed[0])
        assert tried.attempts[0].status == 500
        assert tried.attempts[0].error == "Internal Server Error"
        assert deliveries.health()[webhook.id].failures == 0


def test_one_who_hangs_keeps_nobody_waiting(settings: Settings) -> None:
    settings = settings.model_copy(update={"webhook_timeout_seconds": 1.0})
    with receiver(until_closed) as hung, receiver() as well:
        webhook = add_webhook(settings, hung.url, "click.batch")
        add_webhook(settings, well.url, "click.batch")
        with delivering(settings):
            sent = click(settings.redis_url, *["a"] * 1500)
            assert wait_for(lambda: len(clicks_of(well)) == 1500, SECONDS)
            deliveries = open_deliveries(settings)
            assert wait_for(lambda: deliveries.health().get(webhook.id), SECONDS)
            assert deliveries.health()[webhook.id].error == "no answer within 1 s"
        assert sorted(clicks_of(well)) == sorted(sent)


def test_a_delivery_that_is_refused_holds_up_no_other(settings: Settings) -> None:
    def pick(request: Request) -> Behaviour:
        return answering(400 if b'"poison"' in request.body else 200)

    with receiver() as one:
        one.choose = pick
        webhook = add_webhook(settings, one.url, "click.batch", codes=["poison"])
        add_webhook(settings, one.url, "click.batch", codes=["good"])
        with delivering(settings):
            click(settings.redis_url, "poison")
            good = click(settings.redis_url, *["good"] * 10)
            assert wait_for(lambda: set(good) <= set(clicks_of(one)), SECONDS)
            assert open_deliveries(settings).waiting([webhook.id]) == {webhook.id: 1}


def test_410_disables(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with receiver(answering(410)) as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        store = open_webhooks(settings)
        with delivering(settings) as registry:
            click(settings.redis_url, "a")
            assert wait_for(lambda: store.get(webhook.id).disabled, SECONDS)
            disabled = registry.get_sample_value("hopline_webhook_disabled_total")
            assert disabled == 1
            assert len(one.requests) == 1
            assert "410 Gone" in store.get(webhook.id).reason
            assert f"disabled webhook {webhook.id}" in caplog.text
            one.behave = answering()
            store.update(webhook.id, {"disabled": False})
            assert wait_for(lambda: clicks_of(one) and len(one.requests) == 2, SECONDS)


def test_what_never_gets_through_is_given_up_and_its_webhook_disabled(settings: Settings) -> None:
    clock = Clock()
    with receiver(answering(503)) as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        store, deliveries = open_webhooks(settings), open_deliveries(settings)
        with delivering(settings, now=clock):
            click(settings.redis_url, "a")
            assert wait_for(lambda: len(one.requests) > 1, SECONDS)
            assert not store.get(webhook.id).disabled
            clock.ahead_seconds = settings.webhook_retry_seconds
            assert wait_for(lambda: store.get(webhook.id).disabled, SECONDS)
            assert "503" in store.get(webhook.id).reason or "Unavailable" in (
                store.get(webhook.id).reason
            )
            (failed,) = deliveries.page(webhook.id, state="failed").deliveries
            assert failed.tries > 1
            one.behave = answering()
            store.update(webhook.id, {"disabled": False})
            deliveries.send_again(webhook.id, failed.id)
            assert wait_for(
                lambda: deliveries.get(webhook.id, failed.id)[0].state == "delivered", SECONDS
            )
        assert set(one.ids) == {failed.id}


def test_retry_after_is_honoured(settings: Settings) -> None:
    with receiver(answering(429, "Retry-After: 3600\r\n")) as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        deliveries = open_deliveries(settings)
        with delivering(settings):
            click(settings.redis_url, "a")
            assert wait_for(lambda: deliveries.health().get(webhook.id), SECONDS)
            click(settings.redis_url, "a")
            assert wait_for(lambda: deliveries.waiting([webhook.id])[webhook.id] == 2, SECONDS)
            paused = deliveries.health()[webhook.id].paused_until_ms / 1000 - time.time()
            assert 3000 < paused <= 3600
        assert len(one.requests) == 1


def test_a_test_and_a_new_url_need_not_wait_for_a_receiver_that_rests(settings: Settings) -> None:
    with receiver(answering(503, "Retry-After: 3600\r\n")) as one, receiver() as other:
        webhook = add_webhook(settings, one.url, "click.batch")
        deliveries, store = open_deliveries(settings), open_webhooks(settings)
        with delivering(settings):
            sent = click(settings.redis_url, "a")
            assert wait_for(lambda: deliveries.health().get(webhook.id), SECONDS)
            one.behave = answering(503)
            tried = deliveries.send_test(webhook)
            assert wait_for(lambda: tried.id in one.ids, SECONDS)
            assert len(one.requests) == 2
            store.update(webhook.id, {"url": other.url})
            assert wait_for(lambda: clicks_of(other) == sent, SECONDS)


def test_a_step_whose_reply_is_never_heard_makes_no_click_come_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis carries it out, and who asked takes it for failed."""
    enqueue, failures = Outbox.enqueue, iter([True, False, True, True, False])

    def deaf(self: Outbox, messages: Any, **given: Any) -> None:
        enqueue(self, messages, **given)
        if messages and next(failures, False):
            raise RedisUnavailable("no reply")

    monkeypatch.setattr(Outbox, "enqueue", deaf)
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        with delivering(settings):
            sent = []
            for count in range(1, 6):
                sent += click(settings.redis_url, *["a"] * 150)
                told = 150 * count
                assert wait_for(lambda told=told: len(clicks_of(one)) >= told, SECONDS)  # type: ignore[misc]
        assert sorted(clicks_of(one)) == sorted(sent)
        assert open_deliveries(settings).waiting([webhook.id]) == {webhook.id: 0}


def test_a_step_that_is_taken_late_makes_no_click_come_twice(
    settings: Settings, client: redis.Redis
) -> None:
    """What Redis was asked before it stood still may be done after it was asked for the place."""
    outbox = Outbox(client, settings.redis_url, "me", 60, 1 << 20)
    webhook = add_webhook(settings, "https://example.com/", "click.batch")
    assert outbox.try_lease()
    message = (outbox.message(webhook, "click.batch", 1), b"{}")
    outbox.enqueue([message], place=Place("clicks", "", "5-0"))
    with pytest.raises(LeaseLost):
        outbox.enqueue([message], place=Place("clicks", "", "7-0"))
    outbox.enqueue([message], place=Place("clicks", "5-0", "7-0"))
    assert outbox.places() == {"clicks": "7-0"}


def test_a_secret_that_is_rotated_signs_beside_the_new_one(settings: Settings) -> None:
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        new = open_webhooks(settings).rotate(webhook.id)
        with delivering(settings):
            click(settings.redis_url, "a")
            assert wait_for(lambda: one.requests, SECONDS)
        (request,) = one.requests
        for secret in (webhook.secret, new.secret):
            standardwebhooks.Webhook(secret).verify(request.body, request.headers)


def test_a_test_is_sent_whatever_a_webhook_is_told_of(settings: Settings) -> None:
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "link.deleted")
        deliveries = open_deliveries(settings)
        with delivering(settings):
            sent = deliveries.send_test(webhook)
            assert wait_for(
                lambda: deliveries.get(webhook.id, sent.id)[0].state == "delivered", SECONDS
            )
        (request,) = one.requests
        assert (request.id, orjson.loads(request.body)["type"]) == (sent.id, "webhook.test")
        (attempt,) = deliveries.get(webhook.id, sent.id)[0].attempts
        assert (attempt.status, attempt.answer) == (200, "ok")


def test_what_finds_no_room_is_lost_loudly(
    settings: Settings,
    client: redis.Redis,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All clicks are told together, in 19 full batches, however late they come.
    monkeypatch.setattr(click_feed, "FLUSH_SECONDS", math.inf)
    monkeypatch.setattr(click_feed, "FLUSH_CLICKS", 1900)
    settings = settings.model_copy(update={"webhook_backlog_bytes": 20_000})
    with receiver(answering(500)) as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        deliveries = open_deliveries(settings)
        with delivering(settings) as registry:
            click(settings.redis_url, *["a"] * 1900)
            told = f"webhook {webhook.id} lost a delivery"
            assert wait_for(lambda: told in caplog.text, SECONDS)
            assert (registry.get_sample_value("hopline_webhook_lost_total") or 0) > 0
            assert int(client.hget(WEBHOOK_BYTES, webhook.id)) <= 20_000
            kept = deliveries.waiting([webhook.id])[webhook.id]
            assert wait_for(
                lambda: (fares := deliveries.health().get(webhook.id)) and fares.lost == 19 - kept,
                SECONDS,
            )
            one.behave = answering()
            assert wait_for(lambda: deliveries.waiting([webhook.id])[webhook.id] == 0, SECONDS)
            assert wait_for(lambda: int(client.hget(WEBHOOK_BYTES, webhook.id)) == 0, SECONDS)


def test_of_what_was_ended_the_last_are_kept(settings: Settings, client: redis.Redis) -> None:
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "click.batch")
        deliveries = open_deliveries(settings)
        with delivering(settings):
            for _ in range(130):
                deliveries.send_test(webhook)
            assert wait_for(lambda: len(set(one.ids)) == 130, SECONDS)
            assert wait_for(
                lambda: len(deliveries.page(webhook.id, limit=200).deliveries) == 100, SECONDS
            )
        assert client.hlen(f"{{api}}:webhooks:{webhook.id}:bodies") == 100


def test_of_two_hosts_one_tells_and_the_other_takes_over(settings: Settings) -> None:
    with receiver() as one:
        add_webhook(settings, one.url, "click.batch")
        sent = []
        with delivering(settings, "first"):
            sent += click(settings.redis_url, *["a"] * 10)
            assert wait_for(lambda: len(clicks_of(one)) == 10, SECONDS)
            with delivering(settings, "second"):
                sent += click(settings.redis_url, *["b"] * 10)
                assert wait_for(lambda: len(clicks_of(one)) == 20, SECONDS)
        with delivering(settings, "third"):
            sent += click(settings.redis_url, *["c"] * 10)
            assert wait_for(lambda: len(clicks_of(one)) == 30, SECONDS)
        assert sorted(clicks_of(one)) == sorted(sent)
        assert len(one.ids) == len(set(one.ids))
