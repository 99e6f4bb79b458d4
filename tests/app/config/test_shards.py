from collections import Counter

import pytest

from app.config.settings import Settings
from app.config.shards import (
    further_shards,
    refusal,
    shard_of_place,
    shards_of,
    written_shards,
)
from app.stores.redis.cluster import slot_of
from tests.conftest import MakeSettings


@pytest.fixture
def four(make_settings: MakeSettings) -> Settings:
    return make_settings(stream_shards=4, consumers=5, stream_maxlen=1_001, dead_maxlen=2)


def test_one_shard_is_the_stream_as_it_is(make_settings: MakeSettings) -> None:
    settings = make_settings()
    assert shards_of(settings) == written_shards(settings) == (settings,)
    assert shard_of_place(settings, 7, "host") is settings
    assert len(further_shards(settings)) == 16


def test_the_stream_without_shards_is_read_and_never_written(four: Settings) -> None:
    names = ["clicks:stream:{u0}", "clicks:stream:{ly}", "clicks:stream:{d2}", "clicks:stream:{9s}"]
    assert [shard.stream for shard in written_shards(four)] == names
    assert [shard.stream for shard in shards_of(four)] == ["clicks:stream", *names]
    assert written_shards(four)[1].dead_stream == "clicks:dead:{ly}"


def test_names_stay_when_there_are_more(make_settings: MakeSettings) -> None:
    two, sixteen = (written_shards(make_settings(stream_shards=count)) for count in (2, 16))
    assert [one.stream for one in two] == [one.stream for one in sixteen[:2]]
    assert not further_shards(make_settings(stream_shards=16))


def test_shards_hold_together_what_the_one_stream_may(four: Settings) -> None:
    assert {shard.stream_maxlen for shard in written_shards(four)} == {250}
    assert {shard.dead_maxlen for shard in written_shards(four)} == {1}
    assert shards_of(four)[0].stream_maxlen == 1_001


def test_the_append_only_file_is_rewritten_by_one_of_them(four: Settings) -> None:
    assert [shard.aof_rewrite for shard in shards_of(four)] == [True, False, False, False, False]


def test_on_a_cluster_one_shard_has_a_tag_as_well(make_settings: MakeSettings) -> None:
    settings = make_settings(redis_url="redis+cluster://h")
    unsharded, shard = shards_of(settings)
    assert (unsharded.stream, unsharded.dead_stream) == ("clicks:stream", "{clicks:stream}:dead")
    assert (shard.stream, shard.dead_stream) == ("clicks:stream:{u0}", "clicks:dead:{u0}")
    assert written_shards(settings) == (shard,)
    assert further_shards(settings)[0].stream == "clicks:stream:{ly}"
    assert "HOPLINE_STREAM_SHARDS=1 needs HOPLINE_CONSUMERS=2" in refusal(
        settings.model_copy(update={"consumers": 1})
    )


@pytest.mark.parametrize("count", [1, 2, 16])
def test_on_a_cluster_each_stream_is_one_for_itself(
    make_settings: MakeSettings, count: int
) -> None:
    settings = make_settings(redis_url="redis+cluster://h", stream_shards=count)
    shards = shards_of(settings)
    assert len(shards) == count + 1
    for shard in shards:
        assert shards_of(shard) == written_shards(shard) == (shard,)
        assert slot_of(shard.stream) == slot_of(shard.dead_stream)


def test_on_a_cluster_each_shard_sees_to_the_append_only_file_of_its_node(
    make_settings: MakeSettings,
) -> None:
    settings = make_settings(redis_url="redis+cluster://h", stream_shards=2)
    assert [shard.aof_rewrite for shard in shards_of(settings)] == [True] * 3


@pytest.mark.parametrize("host", ["a", "b", "web-17"])
def test_the_first_places_of_every_host_read_every_stream(four: Settings, host: str) -> None:
    read = [shard_of_place(four, place, host).stream for place in range(5)]
    assert sorted(read) == sorted(shard.stream for shard in shards_of(four))


@pytest.mark.parametrize("host", ["a", "b", "web-17"])
def test_further_places_read_what_is_written_in_turn(four: Settings, host: str) -> None:
    read = Counter(shard_of_place(four, place, host).stream for place in range(5, 13))
    assert read == dict.fromkeys((shard.stream for shard in written_shards(four)), 2)


def test_too_few_consumers_are_refused_in_one_line(make_settings: MakeSettings) -> None:
    text = refusal(make_settings(stream_shards=4, consumers=4))
    assert text.startswith(
        "HOPLINE_STREAM_SHARDS=4 needs HOPLINE_CONSUMERS=5 at least, and it is 4"
    )
    assert "\n" not in text
    assert refusal(make_settings(stream_shards=4, consumers=5)) == ""
    assert refusal(make_settings(consumers=1)) == ""
