from hypothesis import given
from hypothesis import strategies as st

from app.clicks.rows import Rows
from app.http.kept_address import kept, parse_address
from tests.support.workers.rows import plain_row, rows_of
from workers.enrich.places.place import Place
from workers.replay.rows import (
    as_clicks,
    changed_positions,
    from_stream,
    from_table,
    matched_rules,
    matched_with_others,
    pick,
)

texts = st.sampled_from([b"", b"a", b"prefetch", b"preview", b"Googlebot"])
row = st.tuples(
    *(
        st.integers(0, 9)
        if name in ("time", "visitor_id", "enriched_at")
        else st.booleans()
        if name == "is_bot"
        else st.sampled_from([parse_address("192.0.2.0"), parse_address("192.0.2.7"), bytes(16)])
        if name == "ip"
        else texts
        for name in Rows._fields
    )
)
pairs = st.lists(st.tuples(row, row), min_size=1, max_size=8)


class NoPlaces:
    version = "today"

    def place_of_stored(self, address: bytes, stored: Place) -> tuple[Place, bool]:
        if kept(address, "network") == address:
            return stored, False
        return Place(country="FR", city="Paris, FR"), True


def columns(rows: list[tuple]) -> Rows:
    return Rows(*map(list, zip(*rows, strict=True)))


@given(pairs)
def test_visitors_keep_their_ids(pairs):
    fresh, stored = (columns([pair[which] for pair in pairs]) for which in (0, 1))
    assert from_stream(fresh, stored).visitor_id == [
        kept if made else 0 for made, kept in zip(fresh.visitor_id, stored.visitor_id, strict=True)
    ]
    assert from_table(fresh, stored, NoPlaces()).visitor_id == stored.visitor_id


@given(pairs)
def test_from_the_table_only_what_it_tells_is_new(pairs):
    fresh, stored = (columns([pair[which] for pair in pairs]) for which in (0, 1))
    new = from_table(fresh, stored, NoPlaces())
    assert new.language == stored.language
    for at, address in enumerate(stored.ip):
        whole = kept(address, "network") != address
        assert new.country[at] == (b"FR" if whole else stored.country[at])
        assert new.city[at] == (b"Paris, FR" if whole else stored.city[at])
        assert new.geo_version[at] == (b"today" if whole else stored.geo_version[at])
    assert (new.bot, new.verdict, new.reasons) == (fresh.bot, fresh.verdict, fresh.reasons)


def test_what_a_browser_loaded_ahead_is_told_again_by_what_its_row_calls_it():
    rows = rows_of(*(plain_row(bot=bot) for bot in (b"prefetch", b"Googlebot", b"preview", b"")))
    assert as_clicks(rows).purposes == [b"prefetch", b"", b"preview", b""]


def test_of_reasons_those_are_kept_that_a_row_can_not_tell_again():
    reasons = (b"", b"own-device", b"shadow:own-network,headless", b"gone,bot-word,own-device")
    rows = rows_of(*(plain_row(reasons=each) for each in reasons))
    always = [(), ("own-device",), ("own-network",), ("own-device",)]
    assert matched_rules(rows, lambda _: True) == always
    assert matched_rules(rows, lambda _: False)[2] == ()


@given(pairs)
def test_every_difference_but_the_time_of_making_is_found(pairs):
    old, new = (columns([pair[which] for pair in pairs]) for which in (0, 1))
    told = [[one._replace(enriched_at=0) for one in map(Rows._make, pair)] for pair in pairs]
    expected = [at for at, (before, after) in enumerate(told) if before != after]
    assert changed_positions(old, new) == expected


@given(pairs)
def test_what_is_picked_are_whole_rows(pairs):
    rows = columns([pair[0] for pair in pairs])
    positions = range(0, len(pairs), 2)
    assert list(zip(*pick(rows, positions), strict=True)) == [pairs[at][0] for at in positions]


def test_what_other_clicks_told_of_a_click_is_known_of_its_row():
    old = columns([tuple(b"x" for _ in Rows._fields)])
    stored = old._replace(reasons=[b"scanner,shadow:click-rate,mail-burst,own-network"])
    assert matched_with_others(stored) == [("click-rate", "mail-burst")]


def test_without_a_country_database_today_the_country_stays():
    old = columns([tuple(b"DE" if name == "country" else b"x" for name in Rows._fields)])
    fresh = old._replace(country=[b""], geo_version=[b""])
    assert from_stream(fresh, old).country == [b"DE"]
    assert from_stream(fresh._replace(geo_version=[b"today"]), old).country == [b""]
