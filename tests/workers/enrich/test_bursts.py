import pytest

from workers.enrich.bursts import LIMIT, WINDOW_SECONDS, Bursts, Candidate

NOON_MS = 1_790_000_000_000


def clicks(*links, seconds=1.0, network=b"n", campaign=b"mail"):
    return [
        Candidate(at, NOON_MS + int(at * seconds * 1000), network, campaign, link)
        for at, link in enumerate(links)
    ]


def test_three_links_at_once_are_a_burst_with_the_first_of_them():
    assert Bursts().find(clicks(b"a", b"b", b"c")) == [0, 1, 2]


def test_one_that_is_spread_over_batches_is_found_from_the_third_link_on():
    bursts = Bursts()
    found = [bursts.find([one]) for one in clicks(b"a", b"b", b"c", b"d")]
    assert found == [[], [], [2], [3]]


@pytest.mark.parametrize(
    "calm",
    [
        clicks(b"a", b"b"),
        clicks(b"a", b"b", b"a", b"b", b"a"),
        clicks(b"a", b"b", b"c", seconds=WINDOW_SECONDS),
        [
            one._replace(network=bytes([at]))
            for at, one in enumerate(clicks(b"a", b"b", b"c", b"d"))
        ],
        [
            one._replace(campaign=bytes([at]))
            for at, one in enumerate(clicks(b"a", b"b", b"c", b"d"))
        ],
    ],
    ids=["two links", "the same links", "slowly", "several networks", "several campaigns"],
)
def test_less_is_none(calm):
    assert Bursts().find(calm) == []


def test_what_comes_again_or_late_counts_once():
    bursts = Bursts()
    for _ in range(5):
        assert bursts.find(clicks(b"a", b"b")) == []
    late = clicks(b"c")[0]._replace(time_ms=NOON_MS + 60_000)
    assert bursts.find([late]) == []


def test_memory_is_bounded():
    bursts = Bursts(remembered=50)
    for number in range(1000):
        some = clicks(*(bytes([at]) for at in range(LIMIT)), network=number.to_bytes(2, "big"))
        assert len(bursts.find(some)) == LIMIT
        bursts.find(clicks(number.to_bytes(2, "big"), network=b"one"))
    assert len(bursts._times) <= 51
    assert max(map(len, bursts._times.values())) <= 32


def test_a_burst_is_found_wherever_it_lies_among_others():
    links = clicks(b"a", b"b", b"c", b"d", b"e", seconds=WINDOW_SECONDS / 2)
    alone = clicks(b"f")[0]._replace(position=5, time_ms=NOON_MS + 60_000)
    assert Bursts().find([*links, alone]) == [0, 1, 2, 3, 4]
    assert Bursts().find(links[::2]) == []
