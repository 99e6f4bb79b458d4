import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import Click
from app.live.event import SeenClick, click_event, read_id, write_id
from app.live.stream_tail import Places
from app.verdicts.rule import Verdict

STREAMS = ("a", "b", "c")
IDS = st.builds("{}-{}".format, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
PERSON = Verdict("person", "", ())


@given(st.lists(IDS, min_size=1, max_size=3))
def test_where_streams_were_read_to_is_read_back(ids: list[str]) -> None:
    streams = STREAMS[: len(ids)]
    places: Places = {name: each.encode() for name, each in zip(streams, ids, strict=True)}
    assert read_id(write_id(places, streams), streams) == places


def test_of_other_streams_it_leads_nowhere() -> None:
    assert read_id("1-1", STREAMS) is None


@given(st.text())
def test_whatever_is_no_id_is_refused(text: str) -> None:
    try:
        found = read_id(text, ("a",))
    except ValueError:
        return
    assert found is None or found == {"a": text.encode()}


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_whatever_a_visitor_sends_stays_within_its_event(text: str) -> None:
    click = Click(bytes(16), text, 1_800_000_000, "", text, text, text, host=text)
    event = click_event(SeenClick(click, PERSON, "1-1"), "network").decode()
    lines = event.split("\n")
    assert lines[0:2] == ["id: 1-1", "event: click"]
    assert lines[3:] == ["", ""]
    assert json.loads(lines[2].removeprefix("data: "))["user_agent"] == text


@pytest.mark.parametrize(
    ("keep", "count_only", "network"),
    [
        ("network", "", "203.0.113.0/24"),
        ("full", "", "203.0.113.0/24"),
        ("none", "", ""),
        ("full", "1", ""),
    ],
)
def test_of_an_address_at_most_the_network_is_shown(keep, count_only: str, network: str) -> None:
    click = Click(bytes(16), "a", 1_800_000_000, "203.0.113.7", "", "", "", count_only=count_only)
    event = click_event(SeenClick(click, PERSON, "1-1"), keep)
    assert json.loads(event.split(b"data: ")[1])["network"] == network
    assert b"203.0.113.7" not in event
