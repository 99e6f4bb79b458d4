import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import Click, from_fields, new_click_id, to_fields
from app.clicks.click_ids import ClickIds
from app.links.link import Link
from app.redirect.redis.resp import decode_command, encode_command
from app.redirect.visits.visit import Visit
from app.redirect.visits.xadd_encoder import XaddEncoder, click_id_of
from tests.support.redirect.commands import entry_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
clicks = st.builds(
    Click,
    click_id=st.binary(min_size=16, max_size=16),
    short_code=texts,
    timestamp=st.integers(1_000_000_000, 4_000_000_000),
    ip=st.ip_addresses().map(str),
    user_agent=texts,
    referer=texts,
    original_url=texts,
    host=texts,
    accept_language=texts,
    purpose=st.text(st.characters(exclude_categories=["Cs"]), max_size=16),
    gpc=st.sampled_from(["", "1", "0"]),
    query=st.sampled_from(["", "utm_source=a"]),
    count_only=st.sampled_from(["", "1", "2"]),
)


def visit_of(click: Click) -> Visit:
    return Visit(*(getattr(click, name).encode() for name in Visit._fields))


@given(clicks, st.sampled_from(["clicks:stream", "100%:{x}d"]))
def test_it_writes_what_the_contract_says_byte_for_byte(click, stream):
    encoder = XaddEncoder(stream, 1000)
    parts = encoder.link_parts(click.short_code.encode(), click.original_url.encode())
    command = encoder.encode(click.click_id.hex().encode(), parts, click.timestamp, visit_of(click))
    fields = [part.encode() for field in to_fields(click).items() for part in field]
    bound = (b"MAXLEN", b"~", b"1000") if click.click_id[-1] % 16 == 0 else ()
    start = (b"XADD", stream.encode(), *bound, b"*")
    assert command == encode_command(*start, *fields)
    assert click_id_of(command) == click.click_id


def test_a_new_click_can_be_read_by_a_worker():
    link = Link(code="abc", target="https://a.example/", created_ms=1, updated_ms=1)
    visit = Visit(ip=b"192.0.2.1", user_agent=b"Browser", referer=b"", gpc=b"1")
    click_id = new_click_id(1_700_000_000_250, b"r" * 10)
    encoder = XaddEncoder("clicks:stream", 1000)
    command = encoder.encode_visit(click_id.hex().encode(), link, 1_700_000_000, visit)
    click = from_fields(b"1-1", entry_of(command))
    assert click == Click(
        click_id=click_id,
        short_code="abc",
        timestamp=1_700_000_000,
        ip="192.0.2.1",
        user_agent="Browser",
        referer="",
        original_url="https://a.example/",
        gpc="1",
    )
    assert click.time_ms == 1_700_000_000_250


def test_the_largest_headers_make_a_click_of_four_kilobytes_at_most():
    encoder = XaddEncoder("clicks:stream", 1000)
    parts = encoder.link_parts(b"abc", b"https://a.example/")
    visit = Visit(b"2001:db8::1", *["\U0001f517".encode() * 2000] * 10)
    command = encoder.encode(b"0" * 32, parts, 1_700_000_000, visit)
    assert len(command) < 4_000
    click = from_fields(b"1-1", entry_of(command))
    assert len(click.user_agent.encode()) == len(click.referer.encode()) == 1_000


def test_a_target_that_somebody_else_wrote_makes_no_dead_letter():
    encoder = XaddEncoder("clicks:stream", 1000)
    parts = encoder.link_parts(b"abc", b"https://a.example/" + b"a" * 9_000)
    command = encoder.encode(b"0" * 32, parts, 1_700_000_000, Visit(b"", b"", b""))
    assert from_fields(b"1-1", entry_of(command)).original_url.startswith("https://a.example/")


def test_texts_that_are_never_seen_twice_fill_no_memory():
    encoder = XaddEncoder("clicks:stream", 1000)
    parts = encoder.link_parts(b"abc", b"https://a.example/")
    tracemalloc.start()
    try:
        for number in range(9_000):
            text = b"%d" % number + b"\xff" * 8_000
            encoder.encode(b"0" * 32, parts, 1_700_000_000, Visit(*[text] * len(Visit._fields)))
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


def test_one_click_in_sixteen_trims_the_stream():
    encoder, ids = XaddEncoder("clicks:stream", 1000), ClickIds()
    parts = encoder.link_parts(b"abc", b"https://a.example/")
    visit = Visit(b"192.0.2.1", b"", b"")
    commands = [encoder.encode(ids.make(1), parts, 1_700_000_000, visit) for _ in range(16_000)]
    # Four standard deviations on either side, and more.
    assert 850 < sum(b"MAXLEN" in command for command in commands) < 1150


@pytest.mark.parametrize("bound", [(), (b"MAXLEN", b"~", b"5")])
def test_a_spooled_click_follows_the_stream_to_its_new_name_and_length(bound):
    old = encode_command(b"XADD", b"old", *bound, b"*", b"ip", b"192.0.2.1")
    assert decode_command(XaddEncoder("new", 9).readdress(old)) == [
        *(b"XADD", b"new", b"MAXLEN", b"~", b"9", b"*"),
        *(b"ip", b"192.0.2.1"),
    ]


@pytest.mark.parametrize(
    "command",
    [
        b"",
        encode_command(b"GET", b"x"),
        encode_command(b"XADD"),
        encode_command(b"XADD", b"s", b"*"),
        encode_command(b"XADD", b"s", b"*", b"ip"),
        encode_command(b"XADD", b"s", b"MAXLEN", b"~", b"5", b"*"),
    ],
)
def test_what_is_no_click_is_not_sent(command):
    with pytest.raises(ValueError, match="not"):
        XaddEncoder("clicks:stream", 9).readdress(command)
