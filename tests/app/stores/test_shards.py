import inspect
from binascii import crc_hqx

import pytest

from app.stores import keys
from app.stores.shards import SHARD_TAGS, shard_tag, unsharded_key

GROUP = "analytics-group"
BESIDE = [
    maker
    for name, maker in inspect.getmembers(keys, inspect.isfunction)
    if list(inspect.signature(maker).parameters) == ["stream", "group"]
]


def slot(key: str) -> int:
    """Return the slot of a key, as Redis' cluster specification says."""
    start = key.find("{")
    end = key.find("}", start + 1)
    hashed = key[start + 1 : end] if 0 <= start < end - 1 else key
    return crc_hqx(hashed.encode(), 0) % 16_384


def test_the_slot_is_that_of_the_specification() -> None:
    assert slot("123456789") == 0x31C3 % 16_384
    assert slot("foo{bar}zap") == slot("bar")
    assert slot("foo{}{bar}") == crc_hqx(b"foo{}{bar}", 0) % 16_384


@pytest.mark.parametrize("stream", ["clicks:stream", "s", "other:name"])
@pytest.mark.parametrize("tag", SHARD_TAGS)
def test_all_keys_that_a_script_meets_in_a_shard_are_in_one_slot(stream: str, tag: str) -> None:
    shard, dead = keys.shard_key(stream, tag), keys.shard_key("clicks:dead", tag)
    beside = {maker(shard, GROUP) for maker in BESIDE}
    assert len(beside) > 8
    assert {slot(key) for key in (shard, dead, keys.purged_key(dead), *beside)} == {slot(tag)}


@pytest.mark.parametrize("count", [2, 4, 8, 16])
def test_shards_have_as_many_slots_around_them(count: int) -> None:
    slots = sorted(slot(tag) for tag in SHARD_TAGS[:count])
    assert [one * count // 16_384 for one in slots] == list(range(count))
    # In the middle of a sixteenth, which nobody parts.
    assert all(400 < one % 1_024 < 624 for one in slots)


def test_a_shards_key_tells_its_tag_and_of_which_stream_it_is_one() -> None:
    assert shard_tag("clicks:stream:{u0}") == "u0"
    assert unsharded_key("clicks:stream:{u0}") == "clicks:stream"


@pytest.mark.parametrize("key", ["clicks:stream", "s", "clicks:{zz}", "u0", "clicks:u0", "a:{u0"])
def test_other_keys_have_no_tag(key: str) -> None:
    assert (shard_tag(key), unsharded_key(key)) == ("", key)
