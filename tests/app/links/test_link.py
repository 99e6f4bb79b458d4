import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.link import REDIRECT_STATUSES, CorruptLink, Link, decode, encode

LINK = Link(code="demo1", target="https://example.com/a?b=c", created_ms=1, updated_ms=2)

texts = st.text(st.characters(exclude_categories=["Cs"]))
whole = st.integers(0, 2**53)
links = st.builds(
    Link,
    code=texts,
    target=texts,
    created_ms=whole,
    updated_ms=whole,
    status=st.sampled_from(REDIRECT_STATUSES),
    expires_at=st.none() | whole,
    click_limit=st.none() | whole,
    forward_query=st.booleans(),
    cache_control=st.none() | texts,
    tags=st.lists(texts).map(tuple),
    title=texts,
    disabled=st.booleans(),
    deleted=st.booleans(),
)


@given(links)
def test_a_link_reads_back_the_same(link: Link) -> None:
    assert decode(link.code, encode(link)) == link


def test_fields_at_their_defaults_are_left_out() -> None:
    assert orjson.loads(encode(LINK)) == {
        "target": "https://example.com/a?b=c",
        "created_ms": 1,
        "updated_ms": 2,
    }


def test_names_of_a_later_version_are_read_over() -> None:
    raw = orjson.dumps({**orjson.loads(encode(LINK)), "password": "later", "code": "other"})
    assert decode("demo1", raw) == LINK


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"https://example.com/"',
        b"\xff",
        b"{}",
        b'{"target":"x","created_ms":1}',
        b'{"target":5,"created_ms":1,"updated_ms":2}',
        b'{"target":null,"created_ms":1,"updated_ms":2}',
        b'{"target":"x","created_ms":"1","updated_ms":2}',
        b'{"target":"x","created_ms":1,"updated_ms":2,"tags":"ab"}',
        b'{"target":"x","created_ms":1,"updated_ms":2,"tags":5}',
        b'{"target":"x","created_ms":1,"updated_ms":2,"status":"302"}',
        b'{"target":"x","created_ms":1,"updated_ms":2,"expires_at":1.5}',
        b'{"target":"x","created_ms":1,"updated_ms":2,"disabled":"no"}',
    ],
)
def test_what_is_no_link_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(CorruptLink, match=r"^link 'demo1' can't be read: "):
        decode("demo1", raw)


@given(st.binary())
def test_any_bytes_are_a_link_or_refused(raw: bytes) -> None:
    with pytest.raises(CorruptLink):
        decode("demo1", raw)


@pytest.mark.parametrize(
    ("terms", "state"),
    [
        ({}, "live"),
        ({"expires_at": 101}, "live"),
        ({"expires_at": 100}, "expired"),
        ({"expires_at": 99}, "expired"),
        ({"disabled": True}, "disabled"),
        ({"disabled": True, "expires_at": 99}, "disabled"),
        ({"deleted": True, "disabled": True, "expires_at": 99}, "deleted"),
        ({"click_limit": 1}, "live"),
    ],
)
def test_a_links_state_follows_from_its_terms(terms: dict[str, object], state: str) -> None:
    link = Link(code="a", target="https://a.b/", created_ms=0, updated_ms=0, **terms)
    assert link.state(100.0) == state
