from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import Click
from app.console.live.channel import MOST_PER_SECOND, TURNS, Channel, Question, sample
from app.live.event import SeenClick, Tick
from app.verdicts.rule import Verdict

PERSON, BOT = Verdict("person", "", ()), Verdict("bot", "Googlebot", ("crawler-list",))
TICK = Tick(1, "1-1", 100, 90, 0, 0, is_sampled=False, is_redis_away=False)


def seen(code: str = "a", verdict: Verdict = PERSON, tags: tuple[str, ...] = ()) -> SeenClick:
    click = Click(bytes(16), code, 1_800_000_000, "", "", "", "https://example.com/")
    return SeenClick(click, verdict, "1-1", tags)


@given(st.lists(st.integers()), st.integers(1, 50))
def test_a_sample_keeps_the_order_and_its_size(numbers: list[int], most: int) -> None:
    clicks = [seen(str(each)) for each in range(len(numbers))]
    found = sample(clicks, most)
    assert len(found) == min(len(clicks), most)
    places = [int(each.click.short_code) for each in found]
    assert places == sorted(set(places))


def test_a_question_matches_what_it_says() -> None:
    assert Question().matches(seen(verdict=BOT))
    assert not Question(people_only=True).matches(seen(verdict=BOT))
    assert Question(code="a").matches(seen())
    assert not Question(code="b").matches(seen())
    assert not Question(tag="x").matches(seen())
    assert Question(tag="x").matches(seen(tags=("x", "y")))
    assert not Question(tag="x", tags=("z",)).matches(seen(tags=("x", "y")))
    assert not Question(tags=("z",)).matches(seen())


def test_a_tick_counts_what_was_asked_for_and_begins_anew() -> None:
    channel = Channel(Question(code="a"))
    most = MOST_PER_SECOND // TURNS
    assert len(channel.take([seen()] * most + [seen("b")] * 5)) == most
    told = channel.tick(TICK)
    assert (told.matched, told.sent, told.is_sampled) == (most, most, False)
    assert (told.added, told.read) == (100, 90)
    assert len(channel.take([seen()] * 1_000)) == most
    told = channel.tick(TICK)
    assert (told.matched, told.sent, told.is_sampled) == (1_000, most, True)
    assert channel.tick(TICK).matched == 0


def test_who_sees_some_links_alone_is_told_of_no_others() -> None:
    told = Channel(Question(tags=("x",))).tick(TICK)
    assert (told.added, told.read) == (None, None)
