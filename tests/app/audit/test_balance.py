from hypothesis import given
from hypothesis import strategies as st

from app.audit.balance import IN_FLIGHT, Figures, added_up, balance, state_of_each
from app.audit.click_ref import ClickRef

CLICKS = [ClickRef(minute * 60_000 + n, bytes([n] * 16)) for minute in range(3) for n in range(4)]
some_clicks = st.sets(st.sampled_from(CLICKS))
states_seen = st.fixed_dictionaries(dict.fromkeys(IN_FLIGHT, some_clicks))


def figures_of(ledger, clicks, seen) -> dict[int, Figures]:
    """Return the figures as an audit gets at them."""
    in_ledger: dict[int, int] = {}
    for click in ledger:
        in_ledger[click.minute] = in_ledger.get(click.minute, 0) + 1
    states = state_of_each(seen)
    return balance(in_ledger, ledger - clicks, clicks - ledger, states, ledger & states.keys())


def state_of(click, ledger, clicks, seen) -> str | None:
    """Say where one click counts, by the definition."""
    if click in clicks:
        return "inserted" if click in ledger else "uncounted"
    for state in ("dead", "pending", "unread", "spooled"):
        if click in seen[state]:
            return state
    return "missing" if click in ledger else None


@given(some_clicks, some_clicks, states_seen)
def test_each_click_counts_in_one_place(ledger, clicks, seen):
    found = figures_of(ledger, clicks, seen)
    for minute in range(3):
        mine = [click for click in CLICKS if click.minute == minute]
        where = [state_of(click, ledger, clicks, seen) for click in mine]
        wanted = {name: where.count(name) for name in Figures.__dataclass_fields__}
        assert found.get(minute, Figures()) == Figures(**wanted)


@given(some_clicks, some_clicks, states_seen)
def test_what_is_accepted_is_the_sum_of_the_places(ledger, clicks, seen):
    total = added_up(figures_of(ledger, clicks, seen).values())
    known = ledger.union(*seen.values()) - (clicks - ledger)
    assert total.accepted == len(known)
    on_their_way = ledger <= clicks.union(*seen.values())
    assert total.is_balanced == (on_their_way and clicks <= ledger)


def test_one_missing_and_one_uncounted_do_not_make_up_for_each_other():
    assert not Figures(inserted=1, missing=1, uncounted=1).is_balanced


def test_what_is_dead_or_on_its_way_is_no_difference():
    assert Figures(inserted=1, dead=2, pending=3, unread=4, spooled=5).is_balanced
