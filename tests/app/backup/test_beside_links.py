"""What lies beside links comes back from one Redis into another: every key is decided about."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import redis

from app.backup.beside_links import BesideLinks, open_beside_links
from app.changes.author import Author
from app.changes.trail import open_trail
from app.config.settings import Settings
from app.keys.store import open_keys
from app.links.imported import Imported
from app.links.shares import open_shares
from app.links.store import open_store
from app.stores import keys
from app.stores.redis.client import connect
from app.webhooks.store import open_webhooks
from tests.conftest import MakeSettings

ANN = Author("key:1", "console", name="Ann")

#: Names of app/stores/keys.py: what a backup holds,
HELD = {
    *("LINK_PREFIX", "LINK_IMPORTED", "LINK_USES_PREFIX", "API_KEYS", "API_CHANGES", "WEBHOOKS"),
    *("link_key", "link_uses_key", "link_shares_key"),
}
#: what follows from that,
DERIVED = {
    *("LINK_INDEX", "LINK_TOMBSTONES", "LINK_TAG_PREFIX", "LINK_DELETED", "LINK_TARGETS_PREFIX"),
    *("TARGET_BUCKETS", "LINK_TARGETS_FILLED", "API_CHANGES_OF", "API_CHANGES_LISTED"),
    *("WEBHOOK_EXPIRIES", "link_tag_key", "link_targets_key"),
}
#: what says how far something running is, or is forgotten within a day by itself,
PASSING = {
    *("API_TAG_RENAMES", "WEBHOOK_HEALTH", "WEBHOOK_PLACES", "WEBHOOK_BYTES", "WEBHOOK_TOLD"),
    *("WEBHOOK_LEASE", "link_spent_key", "answer_key", "answer_lease_key", "api_rate_key"),
    *("session_key", "leases_key", "claimants_key", "batches_key", "batch_entries_key"),
    *("maintenance_lock_key", "aof_rewrite_key", "backlog_marks_key", "sums_lock_key"),
    *("ledger_lock_key", "supervisors_key", "supervisor_key", "API_KEYS_USED"),
}
#: and what is of clicks that are on their way, with the secret of their visitors' ids.
IN_REDIS_FILES = {
    *("VISITOR_SALT_PREFIX", "visitor_salt_key", "webhook_key", "shard_key", "dead_key_beside"),
    *("purged_key", "ledger_key", "ledger_gaps_key"),
}


@pytest.fixture(params=["one server", "a cluster"])
def settings(
    request: pytest.FixtureRequest, redis_url: str, make_settings: MakeSettings
) -> Settings:
    is_one = request.param == "one server"
    url = redis_url if is_one else request.getfixturevalue("cluster").url
    return make_settings(redis_url=url)


@pytest.fixture
def empty(valkey_server: Callable[[], Any], make_settings: MakeSettings) -> Settings:
    return make_settings(redis_url=valkey_server().url)


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with connect(settings.redis_url, timeout_seconds=30) as client:
        yield client


def move(here: Settings, there: Settings, **options: Any) -> list[str]:
    """Restore elsewhere what lies beside links, by way of JSON; return what people are told."""
    kinds, others = all_of(open_beside_links(here, ANN)), open_beside_links(there, ANN, **options)
    lines = {kind.name: [orjson.loads(orjson.dumps(one)) for one in kind.lines()] for kind in kinds}
    return [text for kind in all_of(others) for text in kind.restore(lines[kind.name])]


def all_of(beside: BesideLinks) -> tuple[Any, ...]:
    return (*beside.before, *beside.after)


def fill(settings: Settings) -> str:
    """Make one of each; return the secret of the share."""
    open_store(settings).create({"target": "https://example.com/"}, code="abc")
    open_keys(settings, ANN).add("n", ["admin"])
    open_webhooks(settings, ANN).add({"url": "https://hooks.example/", "events": ["link.created"]})
    open_store(settings).imported.note({"abc": 7}, 9)
    return open_shares(settings, open_trail(settings)).add("abc", ANN)[1]


def test_every_key_is_decided_about() -> None:
    own = {
        name
        for name, value in vars(keys).items()
        if not name.startswith("_") and getattr(value, "__module__", keys.__name__) == keys.__name__
    }
    decided = (HELD, DERIVED, PASSING, IN_REDIS_FILES)
    assert own == set().union(*decided)
    assert sum(map(len, decided)) == len(own)


def test_all_of_it_comes_back_once_and_goes_on_working(settings: Settings, empty: Settings) -> None:
    secret = fill(settings)
    for _ in range(2):
        assert move(settings, empty) == []
    old, new = open_webhooks(settings).all(), open_webhooks(empty).all()
    assert [(one.id, one.secret, one.events) for one in new] == [
        (one.id, one.secret, one.events) for one in old
    ]
    assert new[0].since_ms > old[0].since_ms
    assert open_keys(empty).all() == open_keys(settings).all()
    assert open_store(empty).imported.of(["abc"]) == {"abc": Imported(7, 9)}
    shares = open_shares(empty, open_trail(empty))
    assert shares.is_good("abc", secret)
    assert shares.of("abc") == open_shares(settings, open_trail(settings)).of("abc")
    trail = list(open_trail(settings).entries())
    assert list(open_trail(empty).entries())[: len(trail)] == trail
    added = [fields["what"] for _, fields in list(open_trail(empty).entries())[len(trail) :]]
    assert added == ["key.restored", "share.restored", "webhook.restored"]
    of_link = open_trail(empty).page(subject="abc").lines
    assert [line.change.what for line in of_link] == [
        "share.restored",
        "share.added",
        "link.created",
    ]


def test_what_lies_beside_a_deleted_link_comes_back_with_it(
    settings: Settings, empty: Settings
) -> None:
    secret = fill(settings)
    links = open_store(settings)
    links.delete("abc")
    move(settings, empty)
    assert open_store(empty).imported.of(["abc"]) == {"abc": Imported(7, 9)}
    assert open_shares(empty, open_trail(empty)).is_good("abc", secret)


def test_what_was_taken_back_since_stays_so(settings: Settings) -> None:
    secret = fill(settings)
    kinds = all_of(open_beside_links(settings, ANN))
    lines = {kind.name: list(kind.lines()) for kind in kinds}
    lines = orjson.loads(orjson.dumps(lines))
    shares = open_shares(settings, open_trail(settings))
    shares.revoke("abc", shares.of("abc")[0].id, ANN)
    webhooks = open_webhooks(settings)
    (webhook,) = webhooks.all()
    webhooks.delete(webhook.id)
    open_store(settings).imported.note({"abc": 8}, 10)
    said = [text for kind in kinds for text in kind.restore(lines[kind.name])]
    assert said == [
        "a shared report of 'abc' was taken back since; it was left out",
        f"the webhook {webhook.id} was deleted since; it was left out",
    ]
    assert webhooks.all() == []
    assert not shares.is_good("abc", secret)
    assert open_store(settings).imported.of(["abc"]) == {"abc": Imported(8, 10)}


def test_a_trail_that_has_gone_on_takes_no_lines_from_before(
    settings: Settings, empty: Settings
) -> None:
    fill(settings)
    open_store(empty).create({"target": "https://example.com/"}, code="other")
    assert move(settings, empty)[0] == (
        "4 lines of the trail of changes are older than what stands there: left out"
    )
    assert open_trail(empty).page(subject="other").lines


def test_a_trail_that_was_restored_by_half_is_gone_on_with(
    settings: Settings, empty: Settings
) -> None:
    fill(settings)
    entries = list(open_trail(settings).entries())
    assert open_trail(empty).restore(entries[:2]) == 0
    assert open_trail(empty).restore(entries) == 0
    assert list(open_trail(empty).entries()) == entries


def test_webhooks_of_a_copy_may_come_back_disabled(settings: Settings, empty: Settings) -> None:
    fill(settings)
    assert move(settings, empty, disable_webhooks=True) == []
    (webhook,) = open_webhooks(empty).all()
    assert (webhook.disabled, webhook.reason) == (True, "restored to be looked at")


def test_webhooks_that_find_no_room_are_named(
    settings: Settings, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(settings)
    (webhook,) = open_webhooks(settings).all()
    monkeypatch.setattr("app.webhooks.store.MOST_WEBHOOKS", 0)
    assert move(settings, empty) == [f"the webhook {webhook.id} was left out: there are 0 already"]


def test_a_webhook_or_share_that_nobody_can_read_keeps_the_others_from_nothing(
    settings: Settings, empty: Settings, client: redis.Redis
) -> None:
    secret = fill(settings)
    client.hset(keys.WEBHOOKS, "broken", b"\xff{")
    client.hset(keys.link_shares_key("abc"), "0" * 64, b"\xff")
    assert move(settings, empty) == []
    assert len(open_webhooks(empty).all()) == 1
    assert open_shares(empty, open_trail(empty)).is_good("abc", secret)
