from hypothesis import given
from hypothesis import strategies as st

from app.redirect.clicks.watermarks import Level, Watermarks
from app.stores.redis.memory import DIVERT_FROM, DIVERT_TO

MAXLEN = 1_000_000
MARKS = Watermarks.of(MAXLEN)
BURST = 50_000
#: A look may come late by this, and its answer take as long.
LATE_SECONDS = 0.5

backlogs = st.integers(0, 2 * MAXLEN)
growths = st.floats(-1e9, 1e9)


def test_clicks_go_to_redis_while_the_backlog_is_small():
    assert not MARKS.diverts(0, 0, is_diverting=False)
    assert not MARKS.diverts(700_000, 0, is_diverting=False)


def test_they_are_diverted_before_the_high_mark_if_it_grows_fast():
    assert MARKS.diverts(790_000, BURST, is_diverting=False)
    assert not MARKS.diverts(790_000, 100, is_diverting=False)


@given(backlogs, growths)
def test_at_the_high_mark_they_are_always_diverted(backlog, growth):
    if backlog >= MARKS.high:
        assert MARKS.diverts(backlog, growth, is_diverting=False)


@given(backlogs, growths)
def test_once_diverted_they_stay_so_down_to_the_low_mark(backlog, growth):
    assert MARKS.diverts(backlog, growth, is_diverting=True) == (backlog >= MARKS.low)


@given(backlogs, st.booleans())
def test_looks_are_never_too_many_nor_too_rare(backlog, is_diverting):
    assert 0.1 <= MARKS.next_look_seconds(backlog, is_diverting=is_diverting) <= 1


@given(st.integers(1, 10**9))
def test_every_bound_has_marks_apart(maxlen):
    marks = Watermarks.of(maxlen)
    assert marks.low > 0
    assert marks.high <= maxlen
    assert marks.low < marks.high or maxlen < 4


@given(
    st.lists(
        st.tuples(
            st.floats(0, BURST), st.floats(0, BURST), st.floats(0, LATE_SECONDS), st.booleans()
        ),
        max_size=300,
    )
)
def test_no_burst_jumps_past_the_bound_between_two_looks(turns):
    backlog, growth, is_diverting = 0.0, 0.0, False
    for added_per_second, finished_per_second, late_seconds, stands_still in turns:
        is_diverting = MARKS.diverts(int(backlog), growth, is_diverting=is_diverting)
        seconds = late_seconds + MARKS.next_look_seconds(int(backlog), is_diverting=is_diverting)
        added = 0 if is_diverting else added_per_second * seconds
        finished = 0 if stands_still else finished_per_second * seconds
        before, backlog = backlog, max(backlog + added - finished, 0)
        assert before + added <= MAXLEN
        growth = (backlog - before) / seconds


def test_a_burst_of_any_length_ends_below_the_bound():
    backlog, growth, is_diverting = 0.0, 0.0, False
    for _ in range(200):
        is_diverting = MARKS.diverts(int(backlog), growth, is_diverting=is_diverting)
        seconds = MARKS.next_look_seconds(int(backlog), is_diverting=is_diverting)
        growth = 0 if is_diverting else BURST
        backlog += growth * seconds
    assert is_diverting
    assert MARKS.low < backlog < MAXLEN


@given(st.integers(1_000_000, 1 << 40), st.floats(0, 1.5), st.booleans())
def test_clicks_give_way_before_memory_is_full_and_until_there_is_room(limit, share, is_diverting):
    used = int(limit * share)
    diverts = Watermarks.of_memory(limit).diverts(used, 0, is_diverting=is_diverting)
    assert diverts == (used >= int(limit * (DIVERT_TO if is_diverting else DIVERT_FROM)))


@given(st.lists(st.integers(0, 1 << 50), max_size=20))
def test_memory_without_a_bound_is_never_full(looks):
    level = Level(Watermarks.of_memory(0))
    for second, used in enumerate(looks):
        level.note(used, second)
        assert not level.diverts


def test_memory_that_grows_by_large_clicks_ends_below_its_bound():
    limit, used, second = 500_000_000, 0.0, 0.0
    level = Level(Watermarks.of_memory(limit))
    for _ in range(200):
        level.note(int(used), second)
        seconds = level.next_look_seconds()
        used += 0 if level.diverts else 50_000_000 * seconds
        second += seconds
    assert level.diverts
    assert used < 0.9 * limit
