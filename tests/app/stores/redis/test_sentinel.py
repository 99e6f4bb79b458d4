import queue
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stores.redis.address import parse_url
from app.stores.redis.polling import Poll
from app.stores.redis.sentinel import (
    Answer,
    MasterLocator,
    MasterUnknown,
    elect,
    read_answer,
    why_refused,
)
from tests.support.redirect.fakes import FakeClock

ENDS = [("s1", 26379), ("s2", 26379), ("s3", 26379)]
OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)
ADDRESS = parse_url("redis+sentinel://s1,s2,s3/mymaster/0")


def answers(*masters):
    """Answers of as many Sentinels; a text is why one names nobody."""
    return [
        Answer(end, None, master) if isinstance(master, str) else Answer(end, master)
        for end, master in zip(ENDS, masters, strict=True)
    ]


@pytest.mark.parametrize(
    ("masters", "elected"),
    [
        ((NEW, NEW, NEW), NEW),
        ((OLD, NEW, NEW), NEW),
        (("doesn't answer", NEW, NEW), NEW),
    ],
)
def test_whom_a_majority_names_is_elected(masters, elected):
    assert elect(answers(*masters), 3) == elected


@pytest.mark.parametrize(
    ("masters", "text"),
    [
        (
            (OLD, NEW, "doesn't answer"),
            "the Sentinels disagree: s1:26379 names 10.0.0.1:6379; s2:26379 names 10.0.0.2:6379;"
            " s3:26379 doesn't answer",
        ),
        (
            (NEW, "doesn't answer", "is no Sentinel"),
            "1 of 3 Sentinels name a master, 2 have to: s2:26379 doesn't answer;"
            " s3:26379 is no Sentinel",
        ),
        (
            ("knows no master m",) * 3,
            "0 of 3 Sentinels name a master, 2 have to: s1:26379 knows no master m;"
            " s2:26379 knows no master m; s3:26379 knows no master m",
        ),
    ],
)
def test_without_a_majority_it_is_said_who_says_what(masters, text):
    with pytest.raises(MasterUnknown) as unknown:
        elect(answers(*masters), 3)
    assert str(unknown.value) == text


@given(st.lists(st.sampled_from([OLD, NEW, "away"]), min_size=3, max_size=3))
def test_nobody_is_elected_whom_fewer_than_two_of_three_name(masters):
    try:
        elected = elect(answers(*masters), 3)
    except MasterUnknown:
        assert max(masters.count(OLD), masters.count(NEW)) < 2
    else:
        assert masters.count(elected) >= 2


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ([b"10.0.0.2", b"6379"], Answer(ENDS[0], NEW)),
        (["10.0.0.2", "6379"], Answer(ENDS[0], NEW)),
        (None, Answer(ENDS[0], None, "knows no master m")),
        (b"PONG", Answer(ENDS[0], None, "is no Sentinel")),
        ([], Answer(ENDS[0], None, "is no Sentinel")),
        (
            [b"10.0.0.2", b"x"],
            Answer(ENDS[0], None, "names what is no server: [b'10.0.0.2', b'x']"),
        ),
        ([b"\xff", b"1"], Answer(ENDS[0], None, "names what is no server: [b'\\xff', b'1']")),
    ],
)
def test_a_reply_is_read_whatever_gave_it(reply, answer):
    assert read_answer(ENDS[0], "m", reply) == answer


def test_a_redis_is_told_from_a_sentinel_that_refuses():
    assert why_refused("ERR unknown command 'SENTINEL', with") == "is no Sentinel but a Redis"
    assert why_refused("NOAUTH Authentication required.") == "says: NOAUTH Authentication required."


class World:
    """Sentinels that say what they are told to."""

    def __init__(self):
        self.clock = FakeClock()
        self.masters = (OLD, OLD, OLD)
        self.asked = 0
        poll = Poll(self._ask, lambda run, *arguments: run(*arguments), queue.SimpleQueue)
        self.locate = MasterLocator(ADDRESS, poll, nullcontext(), self.clock)

    def _ask(self, end):
        self.asked += 1
        (answer,) = (each for each in answers(*self.masters) if each.sentinel == end)
        return answer

    def say(self, *masters):
        self.masters = masters
        self.clock.now += 1


@pytest.fixture
def world():
    return World()


def test_the_master_is_where_they_say(world):
    assert str(world.locate()) == "mymaster (10.0.0.1:6379)"
    world.say(NEW, NEW, OLD)
    assert str(world.locate()) == "mymaster (10.0.0.2:6379)"


def test_it_is_known_how_many_agree(world):
    assert world.locate.agreeing_count == 0
    for masters, count in [((OLD,) * 3, 3), ((NEW, NEW, OLD), 2), ((NEW, "away", "away"), 1)]:
        world.say(*masters)
        world.locate()
        assert world.locate.agreeing_count == count


def test_they_are_not_asked_for_each_of_many_connections(world):
    assert {world.locate() for _ in range(100)} == {ADDRESS.at(OLD)}
    assert world.asked == len(ENDS)


@pytest.mark.parametrize("masters", [("away",) * 3, (OLD, "away", "away")])
def test_while_too_few_answer_the_master_that_was_named_last_stands(world, masters):
    world.locate()
    world.say(*masters)
    assert world.locate() == ADDRESS.at(OLD)


def test_a_master_that_somebody_contradicts_does_not(world):
    world.locate()
    world.say(OLD, NEW, "away")
    with pytest.raises(MasterUnknown, match=r"^the Sentinels disagree"):
        world.locate()
    world.say("away", NEW, NEW)
    assert world.locate() == ADDRESS.at(NEW)


def test_who_has_never_heard_of_one_knows_none(world):
    world.say("away", "away", OLD)
    with pytest.raises(MasterUnknown, match="1 of 3 Sentinels name a master, 2 have to"):
        world.locate()


def test_trouble_is_logged_when_it_comes_and_when_it_goes(world, caplog):
    for masters in ((OLD,) * 3, *[("away", "away", OLD)] * 3, (OLD,) * 3, (OLD,) * 3):
        world.say(*masters)
        world.locate()
    assert [record.message for record in caplog.records] == [
        "mymaster stays where it was named last: 1 of 3 Sentinels name a master, 2 have to:"
        " s1:26379 away; s2:26379 away",
        "A majority of the Sentinels names mymaster again",
    ]
