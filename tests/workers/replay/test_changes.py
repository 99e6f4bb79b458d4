from collections import Counter

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.rows import Rows
from app.http.kept_address import parse_address
from workers.replay import changes as module
from workers.replay.changes import Change, Changes

values = st.sampled_from([b"", b"a", b"b", b"c", "ü".encode(), b"\xff"])
pages = st.lists(st.lists(st.tuples(values, values), min_size=1, max_size=8), max_size=6)


def rows(count: int, **columns) -> Rows:
    nothing = dict.fromkeys(Rows._fields, [b""] * count)
    return Rows(**(nothing | {name: list(column) for name, column in columns.items()}))


def tally(pages) -> Changes:
    changes = Changes()
    for page in pages:
        old, new = (rows(len(page), device=column) for column in zip(*page, strict=True))
        changes += Changes.between(old, new)
    return changes


@given(pages)
def test_every_change_is_counted(pages):
    counted = Counter(pair for page in pages for pair in page if pair[0] != pair[1])
    told = {found.column: found for found in tally(pages).top(100)}
    assert set(told) == ({"device"} if counted else set())
    if counted:
        assert told["device"].clicks == counted.total()
        assert sorted(n for _, n in told["device"].top) == sorted(counted.values())
        assert (told["device"].others, told["device"].is_exact) == (0, True)


@given(pages, st.integers(1, 4))
def test_the_top_and_the_others_add_up_however_few_pairs_are_kept(pages, most):
    before, module.MOST_PAIRS = module.MOST_PAIRS, 2
    try:
        changes = tally(pages)
    finally:
        module.MOST_PAIRS = before
    exact = Counter(pair for page in pages for pair in page if pair[0] != pair[1])
    for found in changes.top(most):
        assert found.clicks == exact.total() == sum(n for _, n in found.top) + found.others
        assert len(found.top) <= min(most, 4)
        counts = [clicks for _, clicks in found.top]
        assert counts == sorted(counts, reverse=True)
        assert found.is_exact or len(exact) > 2


@given(pages)
def test_a_tally_comes_back_as_it_was_noted(pages):
    changes = tally(pages)
    assert Changes.from_plain(orjson.loads(orjson.dumps(changes.as_plain()))) == changes


def test_what_is_met_often_is_told_among_any_number_of_others():
    old = rows(3_000, utm_term=[b""] * 3_000)
    made_up = [b"%d" % number for number in range(2_000)] + [b"shoes"] * 1_000
    changes = Changes()
    for _ in range(3):
        changes += Changes.between(old, rows(3_000, utm_term=made_up))
    [found] = changes.top(1)
    assert found.top == ((Change("(none)", "shoes"), 3_000),)
    assert (found.clicks, found.others, found.is_exact) == (9_000, 6_000, False)
    [noted] = [pairs for _, _, pairs in changes.as_plain().values()]
    assert len(noted) <= 2 * module.MOST_PAIRS


def test_of_addresses_only_their_kind_is_noted():
    whole, network = parse_address("192.0.2.7"), parse_address("192.0.2.0")
    changes = Changes.between(
        rows(3, ip=[whole, whole, network]), rows(3, ip=[network, bytes(16), bytes(16)])
    )
    [found] = changes.top(10)
    assert dict(found.top) == {
        ("whole address", "network"): 1,
        ("whole address", "(none)"): 1,
        ("network", "(none)"): 1,
    }


def test_a_long_value_is_told_by_its_beginning():
    changes = Changes.between(rows(1, bot=[b""]), rows(1, bot=[b"x" * 5_000]))
    [found] = changes.top(1)
    [(change, _)] = found.top
    assert change.new == "x" * 80 + "…"
