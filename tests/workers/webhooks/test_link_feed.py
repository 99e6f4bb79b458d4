"""What webhooks are told of links, by whatever door these were changed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from app.changes.author import Author
from app.changes.trail import Trail, open_trail
from app.clicks.click import to_fields
from app.config.settings import Settings
from app.config.shards import shards_of
from app.links.store import LinkStore, open_store
from app.processes.child import wait_for
from app.stores.keys import WEBHOOK_EXPIRIES, WEBHOOK_PLACES, link_uses_key
from app.stores.redis.client import connect
from app.webhooks.store import open_webhooks
from app.webhooks.webhook import keys_of
from tests.support.producers import make_click
from tests.support.receivers import Receiver, receiver
from tests.support.workers.deliverer import Clock, add_webhook, clicks_of, delivering, told

SECONDS = 120
TARGET = {"target": "https://example.com/"}
LINK_EVENTS = ("link.created", "link.updated", "link.deleted", "link.expired", "link.used_up")


@pytest.fixture(params=["one server", "a cluster"])
def settings(request: pytest.FixtureRequest, make_settings: Any) -> Settings:
    """The same on a cluster, where a line of the trail comes before its change."""
    if request.param == "a cluster":
        url = request.getfixturevalue("cluster").url
    else:
        url = request.getfixturevalue("redis_url")
    return make_settings(redis_url=url, webhook_allow_private=True)


@pytest.fixture
def links(settings: Settings) -> LinkStore:
    return open_store(settings).by(Author("alice@web1", "hopline"))


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with connect(settings.redis_url, timeout_seconds=30) as client:
        yield client


def events(one: Receiver) -> list[tuple[str, str]]:
    return sorted((body["type"], body["data"]["code"]) for body in told(one))


def add_clicks(client: redis.Redis, settings: Settings, *codes: str) -> None:
    """Add clicks to the last of the streams that are read."""
    stream = shards_of(settings)[-1].stream
    for code in codes:
        client.xadd(stream, dict(to_fields(make_click(short_code=code))))


def test_links_that_are_made_changed_and_deleted_are_told_of(
    settings: Settings, links: LinkStore
) -> None:
    links.create(TARGET, code="before")
    with receiver() as one, receiver() as shop:
        time.sleep(0.002)
        add_webhook(settings, one.url, *LINK_EVENTS)
        add_webhook(settings, shop.url, *LINK_EVENTS, tags=["shop"])
        links.create({**TARGET, "tags": ["shop"]}, code="sale")
        links.create(TARGET, code="plain")
        links.update("sale", {"title": "Sale"})
        links.delete("sale")
        with delivering(settings):
            assert wait_for(lambda: len(events(one)) == 4 and len(events(shop)) == 3, SECONDS)
        of_sale = [(name, "sale") for name in ("link.created", "link.deleted", "link.updated")]
        assert events(shop) == of_sale
        assert events(one) == sorted([*of_sale, ("link.created", "plain")])
        by_type = {body["type"]: body["data"] for body in told(shop)}
        assert by_type["link.updated"]["changed"] == {"from": {}, "to": {"title": "Sale"}}
        assert by_type["link.updated"]["by"] == {"who": "alice@web1", "name": "", "via": "hopline"}
        assert by_type["link.deleted"]["link"] is None
        plain = next(body for body in told(one) if body["data"]["code"] == "plain")
        assert plain["data"]["link"]["target"] == "https://example.com/"
        assert plain["data"]["short_url"].endswith("/plain")


def test_changes_that_a_backup_brings_back_are_not_told_of_again(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    """Redis came back older than the backup, so that its lines stand behind what was told."""
    trail = open_trail(settings)
    with receiver() as one:
        time.sleep(0.002)
        webhook = add_webhook(settings, one.url, *LINK_EVENTS)
        links.create(TARGET, code="told")
        newest_ms = int(str(trail.newest_id()).partition("-")[0])
        lost = {"what": "link.changed", "subject": "told", "to": '{"title":"lost"}'}
        assert trail.restore((f"{newest_ms}-{number}", lost) for number in (7, 8)) == 0
        links.create(TARGET, code="after")
        with delivering(settings):
            assert wait_for(
                lambda: client.hget(WEBHOOK_PLACES, "changes") == newest(trail), SECONDS
            )
            assert client.zcard(keys_of(webhook.id)[0]) == 2
            assert wait_for(lambda: len(events(one)) == 2, SECONDS)
        assert events(one) == [("link.created", "after"), ("link.created", "told")]


def newest(trail: Trail) -> bytes:
    return str(trail.newest_id()).encode()


def test_each_link_of_an_import_is_told_of(settings: Settings, links: LinkStore) -> None:
    links.create(TARGET, code="code7")
    with receiver() as one:
        time.sleep(0.002)
        add_webhook(settings, one.url, "link.created")
        drafts = [links.draft(TARGET, code=f"code{number}") for number in range(300)]
        assert links.put_new(drafts).count(None) == 299
        with delivering(settings):
            assert wait_for(lambda: len(events(one)) == 299, SECONDS)
            assert ("link.created", "code7") not in events(one)


def test_a_link_that_expires_is_told_of_once(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    clock, soon = Clock(), int(time.time()) + 3600
    links.create({**TARGET, "expires_at": soon}, code="before")
    links.create({**TARGET, "expires_at": soon}, code="prolonged")
    with receiver() as one:
        add_webhook(settings, one.url, "link.expired")
        with delivering(settings, now=clock):
            links.create({**TARGET, "expires_at": soon + 1}, code="after")
            links.create({**TARGET, "expires_at": soon + 1}, code="gone")
            links.update("prolonged", {"expires_at": soon + 7200})
            links.delete("gone")
            noted = {b"before": soon, b"after": soon + 1, b"prolonged": soon + 7200}
            assert wait_for(lambda: expiries(client) == noted, SECONDS)
            clock.ahead_seconds = 3601
            assert wait_for(lambda: len(events(one)) == 2, SECONDS)
        with delivering(settings, "two", clock):
            assert wait_for(lambda: list(expiries(client)) == [b"prolonged"], SECONDS)
        assert events(one) == [("link.expired", "after"), ("link.expired", "before")]


def expiries(client: redis.Redis) -> dict[bytes, float]:
    return dict(client.zrange(WEBHOOK_EXPIRIES, 0, -1, withscores=True))


def test_a_link_that_is_used_up_is_told_of_once(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    links.create({**TARGET, "click_limit": 2}, code="limited")
    links.create({**TARGET, "click_limit": 9}, code="left")
    with receiver() as one:
        add_webhook(settings, one.url, "link.used_up")
        with delivering(settings):
            client.set(link_uses_key("left"), 1)
            client.set(link_uses_key("limited"), 2)
            add_clicks(client, settings, "left", "limited")
            assert wait_for(lambda: events(one), SECONDS)
            place = f"clicks {shards_of(settings)[-1].stream}"
            before = client.hget(WEBHOOK_PLACES, place)
            add_clicks(client, settings, "limited", "left")
            assert wait_for(lambda: client.hget(WEBHOOK_PLACES, place) != before, SECONDS)
        assert events(one) == [("link.used_up", "limited")]
        assert told(one)[0]["data"]["uses"] == 2


def test_clicks_of_all_streams_are_told_of(settings: Settings, client: redis.Redis) -> None:
    settings = settings.model_copy(update={"stream_shards": 3, "consumers": 4})
    with receiver() as one:
        add_webhook(settings, one.url, "click.batch")
        with delivering(settings):
            sent = []
            for shard in shards_of(settings):
                click = make_click()
                client.xadd(shard.stream, dict(to_fields(click)))
                sent.append(click.click_id.hex())
            assert len(sent) == 4
            assert wait_for(lambda: len(clicks_of(one)) == 4, SECONDS)
        assert sorted(clicks_of(one)) == sorted(sent)


def test_who_listens_no_more_leaves_nothing_and_begins_anew(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    with receiver() as one:
        webhook = add_webhook(settings, one.url, "link.created", "link.expired", "click.batch")
        with delivering(settings):
            links.create({**TARGET, "expires_at": int(time.time()) + 3600}, code="first")
            assert wait_for(lambda: events(one), SECONDS)
            open_webhooks(settings).update(webhook.id, {"disabled": True})
            assert wait_for(lambda: not client.exists(WEBHOOK_EXPIRIES), SECONDS)
            links.create(TARGET, code="meanwhile")
            time.sleep(0.002)
            open_webhooks(settings).update(webhook.id, {"disabled": False})
            links.create(TARGET, code="second")
            assert wait_for(lambda: len(events(one)) == 2, SECONDS)
        assert events(one) == [("link.created", "first"), ("link.created", "second")]
