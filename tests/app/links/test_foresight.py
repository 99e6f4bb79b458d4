from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import redis

from app.links.foresight import Foreseen, foresee_change, foresee_new
from app.links.link import CodeTaken
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink
from app.stores.keys import link_key

NOW = 1_800_000_000.0
TARGET = "https://example.com/"


def new(
    store: LinkStore, code: str | None = None, only: Precondition = ANY, **given: Any
) -> Foreseen:
    return foresee_new(store, {"target": TARGET, **given}, code, only, NOW)


def refusal(change: Callable[[], object]) -> dict[str, str]:
    """Return why the store refuses something; it holds no frame, which would hold the store."""
    try:
        change()
    except InvalidLink as error:
        return dict(error.faults)
    pytest.fail("nothing is wrong with it")


def test_a_free_code_is_said_to_be_free_and_nothing_is_stored(store: LinkStore) -> None:
    assert new(store, "sale") == Foreseen({}, {"code": "This code is free."})
    assert new(store) == Foreseen({}, {})
    assert store.peek(["sale"]) == [None]
    assert store.links.count() == 0


def test_a_taken_code_says_where_it_leads_and_a_deleted_ones_stays_taken(store: LinkStore) -> None:
    store.create({"target": "https://example.com/held"}, code="held")
    store.create({"target": TARGET}, code="gone")
    store.delete("gone")
    assert new(store, "held").faults == {
        "code": "This code is taken: it leads to https://example.com/held"
    }
    assert "was deleted, and stays taken" in new(store, "gone").faults["code"]
    only = Precondition(tags=("own",))
    for code in ("held", "gone"):
        assert new(store, code, only, tags="own").faults == {"code": "This code is taken."}


def test_a_link_that_can_not_be_read_is_in_the_way_too(
    store: LinkStore, client: redis.Redis
) -> None:
    client.set(link_key("odd"), b"{")
    assert new(store, "odd").faults == {"code": "This code is taken."}


@pytest.mark.parametrize(
    "given",
    [
        {"target": "javascript:alert(1)"},
        {"tags": "a?b"},
        {"click_limit": "many"},
        {"expires_at": "soon"},
        {"target": "", "title": "a\nb", "cache_control": "é"},
    ],
)
@pytest.mark.parametrize("code", [None, "a b", "-x", "robots.txt"])
def test_faults_are_those_that_the_store_finds(
    store: LinkStore, given: dict[str, Any], code: str | None
) -> None:
    made = partial(store.create, {"target": TARGET, **given}, code=code)
    assert new(store, code, **given).faults == refusal(made)


def test_faults_of_the_code_and_of_options_are_said_together(store: LinkStore) -> None:
    store.create({"target": TARGET}, code="held")
    with pytest.raises(CodeTaken):
        store.create({"target": TARGET}, code="held")
    assert new(store, "held", click_limit="many").faults.keys() == {"code", "click_limit"}


def test_notes_tell_what_options_are_read_as(store: LinkStore) -> None:
    found = new(
        store, target=" HTTP://Example.COM:80 ", tags="Big sale, b", expires_at="2027-03-01"
    )
    assert found.notes == {
        "target": "Leads to http://example.com/",
        "tags": "Kept as b, big-sale",
        "expires_at": "Until 1 Mar 2027, 00:00 UTC",
    }
    assert "is over" in new(store, expires_at="2001-01-01").notes["expires_at"]
    assert new(store, tags=" a , b ").notes == {}


def test_a_link_to_the_same_target_is_named_to_who_may_see_it(store: LinkStore) -> None:
    store.create({"target": TARGET, "tags": "own"}, code="there")
    assert new(store).notes["target"] == "/there leads there already."
    restricted = Precondition(tags=("other",))
    assert "target" not in new(store, None, restricted, tags="other").notes
    store.update("there", {"target": "https://example.com/elsewhere"})
    assert "target" not in new(store).notes


def test_a_change_is_foreseen_as_the_store_would_make_it(store: LinkStore) -> None:
    link = store.create({"target": TARGET, "tags": "own"}, code="there")
    only = Precondition(tags=("own",))
    given = {"target": TARGET, "tags": "own"}
    assert foresee_change(store, link, given, only, NOW) == Foreseen({}, {})
    for faulty in ({"tags": "other"}, {"target": "ftp://example.com"}, {"status": "200"}):
        found = foresee_change(store, link, {**given, **faulty}, only, NOW)
        assert found.faults == refusal(partial(store.update, "there", faulty, only=only))
    assert store.get("there") == link
