from typing import Any

import pytest

from app.changes.author import Author
from app.changes.trail import Trail
from app.links.history import History
from app.links.shares import MOST, ShareNotFound, Shares, TooManyShares
from app.links.store import open_store
from app.stores.keys import link_shares_key
from app.stores.redis.client import connect

ANN = Author("key:1", "console", name="Ann")


@pytest.fixture
def client(redis_url: str) -> Any:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def shares(client: Any) -> Shares:
    return Shares(client, "", Trail(client, ""), clock=lambda: 1_700_000_000.5)


def test_an_address_is_good_until_it_is_taken_back(shares: Shares) -> None:
    share, secret = shares.add("abc", ANN)
    other, other_secret = shares.add("abc", ANN)
    assert shares.is_good("abc", secret)
    assert not shares.is_good("abd", secret)
    shares.revoke("abc", share.id, ANN)
    assert not shares.is_good("abc", secret)
    assert shares.is_good("abc", other_secret)
    assert shares.of("abc") == [other]


@pytest.mark.parametrize("guess", ["", "x", "\0", "ü" * 40, "a" * 10_000, "*", "\ud800"])
def test_nothing_else_is_good(shares: Shares, guess: str) -> None:
    shares.add("abc", ANN)
    assert not shares.is_good("abc", guess)


def test_redis_holds_nothing_that_opens_a_report(shares: Shares, client: Any) -> None:
    _, secret = shares.add("abc", ANN)
    held = client.hgetall(link_shares_key("abc"))
    assert secret.encode() not in b"".join([*held, *held.values()])
    assert len(secret) * 6 >= 128


def test_each_change_has_its_line_and_none_spoils_the_links_history(
    shares: Shares, client: Any, redis_url: str, make_settings: Any
) -> None:
    links = open_store(make_settings(redis_url=redis_url))
    links.create({"target": "https://example.com/"}, code="abc")
    share, _ = shares.add("abc", ANN)
    shares.revoke("abc", share.id, ANN)
    with pytest.raises(ShareNotFound):
        shares.revoke("abc", share.id, ANN)
    links.update("abc", {"title": "new"})
    trail = Trail(client, "")
    whats = [line.change.what for line in trail.page(subject="abc").lines]
    assert whats == ["link.changed", "share.revoked", "share.added", "link.created"]
    titles = [each.link.title for each in History(links, trail).page("abc").versions]
    assert titles == ["new", ""]


def test_a_link_has_so_many_shares_and_no_more(shares: Shares) -> None:
    for _ in range(MOST):
        shares.add("abc", ANN)
    with pytest.raises(TooManyShares, match="take one back"):
        shares.add("abc", ANN)


def test_what_an_unknown_hand_wrote_is_nobodys(shares: Shares, client: Any) -> None:
    client.hset(link_shares_key("abc"), "0" * 64, "nonsense")
    (share,) = shares.of("abc")
    assert (share.id, share.made_ms, share.by) == ("00000000", 0, "")
