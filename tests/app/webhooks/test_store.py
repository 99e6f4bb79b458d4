import threading
from typing import Any

import pytest
import redis

from app.changes.author import Author
from app.changes.trail import Trail
from app.keys.caller import Caller
from app.stores.keys import WEBHOOKS
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from app.webhooks import store as store_module
from app.webhooks.deliveries import Deliveries
from app.webhooks.store import WebhookChanged, WebhookNotFound, WebhookStore
from app.webhooks.terms import InvalidWebhook, Terms
from app.webhooks.webhook import keys_of, version
from tests.support.redirect.fakes import FakeClock

GIVEN = {"url": "https://example.com/hook", "events": ["click.batch"]}
ALICE = Author("alice", "http")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_800_000_000.0)


@pytest.fixture
def store(client: redis.Redis, redis_url: str, clock: FakeClock) -> WebhookStore:
    return WebhookStore(client, redis_url, Terms(), clock)


def restricted(store: WebhookStore, *tags: str) -> WebhookStore:
    return store.by(ALICE, Caller("key", "key", frozenset(("webhooks",)), tags))


def test_a_webhook_is_found_again(store: WebhookStore, clock: FakeClock) -> None:
    first = store.add({**GIVEN, "name": "shop"})
    clock.now += 1
    second = store.add(GIVEN)
    assert first.secret != second.secret
    assert first.secret.startswith("whsec_")
    assert store.get(first.id) == first
    assert store.all() == [first, second]


def test_changes_leave_lines_without_secrets(
    store: WebhookStore, client: redis.Redis, redis_url: str
) -> None:
    webhook = store.add(GIVEN)
    store.update(webhook.id, {"tags": ["shop"]})
    store.update(webhook.id, {"tags": ["shop"]})
    rotated = store.rotate(webhook.id)
    store.disable(webhook.id, "it is gone")
    store.delete(webhook.id)
    lines = [line.change for line in Trail(client, redis_url).page().lines]
    assert [line.what.partition(".")[2] for line in reversed(lines)] == [
        *("added", "changed", "rotated", "disabled", "deleted")
    ]
    assert lines[3].after == {"tags": ["shop"]}
    assert lines[1].after == {"disabled": True, "reason": "it is gone"}
    everything = str(lines)
    assert webhook.secret not in everything
    assert rotated.secret not in everything


def test_a_secret_is_rotated_with_an_overlap(store: WebhookStore, clock: FakeClock) -> None:
    webhook = store.add(GIVEN)
    rotated = store.rotate(webhook.id, 60)
    assert rotated.secrets(clock.now) == [rotated.secret, webhook.secret]
    assert rotated.secrets(clock.now + 60) == [rotated.secret]


def test_who_is_enabled_again_is_told_of_what_happens_from_then_on(
    store: WebhookStore, clock: FakeClock
) -> None:
    webhook = store.add(GIVEN)
    store.disable(webhook.id, "it is gone")
    assert store.disable(webhook.id, "again").reason == "it is gone"
    clock.now += 100
    enabled = store.update(webhook.id, {"disabled": False})
    assert (enabled.reason, enabled.since_ms) == ("", webhook.since_ms + 100_000)
    assert store.update(webhook.id, {"name": "x"}).since_ms == enabled.since_ms


def test_what_waits_goes_with_a_webhook(
    store: WebhookStore, client: redis.Redis, redis_url: str
) -> None:
    webhook = store.add(GIVEN)
    Deliveries(client, redis_url, 60, 1 << 20).send_test(webhook)
    assert client.exists(*keys_of(webhook.id))
    store.delete(webhook.id)
    assert not client.exists(*keys_of(webhook.id))
    for gone in (store.get, store.delete, store.rotate):
        with pytest.raises(WebhookNotFound, match=webhook.id):
            gone(webhook.id)


def test_there_are_only_so_many(store: WebhookStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_WEBHOOKS", 2)
    webhook = store.add(GIVEN)
    store.add(GIVEN)
    with pytest.raises(InvalidWebhook, match="2 already"):
        store.add(GIVEN)
    store.update(webhook.id, {"name": "changed"})


def test_what_cannot_be_read_is_left_out(store: WebhookStore, client: redis.Redis) -> None:
    webhook = store.add(GIVEN)
    client.hset(WEBHOOKS, "broken", b"{")
    assert store.all() == [webhook]


def test_who_is_restricted_to_tags_sees_no_others(store: WebhookStore) -> None:
    anybodys = store.add(GIVEN)
    shop = restricted(store, "shop").add(GIVEN)
    assert shop.within == ("shop",)
    assert restricted(store, "shop").all() == [shop]
    assert restricted(store, "shop", "other").all() == [shop]
    assert restricted(store, "other").all() == []
    for webhook_id, seen in ((anybodys.id, ("shop",)), (shop.id, ("other",))):
        with pytest.raises(WebhookNotFound):
            restricted(store, *seen).get(webhook_id)
        with pytest.raises(WebhookNotFound):
            restricted(store, *seen).delete(webhook_id)
    assert len(store.all()) == 2


def test_only_the_version_that_somebody_saw_is_changed(store: WebhookStore) -> None:
    webhook = store.add(GIVEN)
    seen = version(webhook)
    changed = store.update(webhook.id, {"name": "one"}, versions=[seen, "another"])
    with pytest.raises(WebhookChanged):
        store.update(webhook.id, {"name": "two"}, versions=[seen])
    with pytest.raises(WebhookChanged):
        store.delete(webhook.id, versions=[])
    assert store.get(webhook.id) == changed
    rotated = store.rotate(webhook.id)
    assert version(rotated) not in (seen, version(changed))
    store.delete(webhook.id, versions=[version(rotated)])


def test_of_several_writers_none_is_overwritten(redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        store = WebhookStore(client, redis_url, Terms())
        webhook = store.add(GIVEN)
        fields: list[dict[str, Any]] = [{"name": "n"}, {"tags": ["t"]}, {"codes": ["c"]}]
        threads = [
            threading.Thread(target=store.update, args=(webhook.id, given)) for given in fields
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        changed = store.get(webhook.id)
    assert (changed.name, changed.tags, changed.codes) == ("n", ("t",), ("c",))


def test_a_redis_that_is_away_is_said(free_port: Any) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    store = WebhookStore(connect(url, timeout_seconds=1), url, Terms())
    with pytest.raises(RedisUnavailable):
        store.all()


def test_a_cluster_holds_webhooks(cluster: Any) -> None:
    with connect(cluster.url, timeout_seconds=30) as client:
        store = WebhookStore(client, cluster.url, Terms())
        webhook = store.add(GIVEN)
        deliveries = Deliveries(client, cluster.url, 60, 1 << 20)
        sent = deliveries.send_test(webhook)
        assert deliveries.page(webhook.id).deliveries == (sent,)
        assert deliveries.waiting([webhook.id]) == {webhook.id: 1}
        deliveries.send_again(webhook.id, sent.id)
        store.delete(webhook.id)
        assert store.all() == []
