from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import Settings
from app.stores import keys

names = st.text(min_size=1)


@given(names)
def test_only_links_have_keys_that_start_with_the_links_prefix(name: str) -> None:
    """A redirect worker watches the prefix, and is to be told of links alone."""
    assert keys.link_key(name) == f"link:{name}"
    others = [
        keys.LINK_INDEX,
        keys.LINK_DELETED,
        keys.link_tag_key(name),
        keys.link_uses_key(name),
        keys.link_spent_key(name),
        keys.visitor_salt_key(name),
        *(Settings.model_fields[setting].default for setting in ("stream", "dead_stream")),
    ]
    assert not [key for key in others if key.startswith(keys.LINK_PREFIX)]


@given(names, names)
def test_no_two_kinds_of_key_meet(one: str, other: str) -> None:
    makers = (
        keys.link_key,
        keys.link_tag_key,
        keys.link_uses_key,
        keys.link_spent_key,
        keys.visitor_salt_key,
    )
    made = {make(name) for make in makers for name in (one, other)}
    assert len(made) == len(makers) * len({one, other})
    assert not made & {keys.LINK_INDEX, keys.LINK_DELETED}


@given(names, names)
def test_keys_beside_the_stream_differ_and_live_in_its_slot(stream: str, group: str) -> None:
    makers = (
        keys.leases_key,
        keys.claimants_key,
        keys.batches_key,
        keys.batch_entries_key,
        keys.maintenance_lock_key,
        keys.backlog_marks_key,
        keys.ledger_key,
        keys.ledger_gaps_key,
        keys.ledger_lock_key,
    )
    made = {make(stream, group) for make in makers}
    assert len(made | {stream}) == len(makers) + 1
    if "}" not in stream:
        assert {hash_tag(key) for key in made} == {hash_tag(stream)}


def test_purged_clicks_live_in_the_slot_of_the_dead_letters() -> None:
    assert keys.purged_key("clicks:dead") == "clicks:dead:purged"
    assert hash_tag(keys.purged_key("{clicks}:dead")) == hash_tag("{clicks}:dead")


def test_what_is_known_of_a_limited_links_clicks_lives_in_the_slot_of_its_counter() -> None:
    assert hash_tag(keys.link_spent_key("abc")) == keys.link_uses_key("abc") == "links:uses:abc"


def test_a_hash_tag_of_the_stream_is_kept() -> None:
    assert keys.leases_key("{clicks}:stream", "g") == "{clicks}:stream:g:leases"
    assert keys.leases_key("clicks:stream", "g") == "{clicks:stream}:g:leases"


def hash_tag(key: str) -> str:
    """Return what decides about a key's slot (https://redis.io/docs/reference/cluster-spec)."""
    start = key.find("{")
    end = key.find("}", start + 1)
    return key[start + 1 : end] if start >= 0 and end > start + 1 else key
