from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.shlink.protocol.bodies import read_creation, read_edition
from app.console.shlink.protocol.problems import InvalidData
from app.links.validation import InvalidLink, LinkOptions

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OPTIONS = LinkOptions((), allow_private_targets=True)
URL = "https://example.com/"


def is_ours(domain: object) -> bool:
    return domain in (None, "s.example")


def test_what_a_client_leaves_out_is_as_with_shlink() -> None:
    made = read_creation({"longUrl": URL}, NOW, is_ours)
    assert made.options == {"target": URL, "forward_query": True}
    assert (made.code, made.length, made.is_found, made.given) == (None, None, False, ("target",))
    assert made.is_plain
    assert read_edition({}, NOW) == {}


def test_fields_are_ours_by_shlink_s_names() -> None:
    body = {
        "longUrl": URL,
        "customSlug": " my sale ",
        "validUntil": "2027-01-01T00:00:00+01:00",
        "maxVisits": 5,
        "title": "Sale",
        "tags": ["a"],
        "forwardQuery": False,
        "domain": "s.example",
        "validSince": "2026-01-01T00:00:00Z",
        "crawlable": False,
        "deviceLongUrls": {},
        "validateUrl": True,
        "somethingElse": 1,
    }
    made = read_creation(body, NOW, is_ours)
    assert made.code == "my-sale"
    assert made.options == {
        "target": URL,
        "expires_at": "2027-01-01T00:00:00+01:00",
        "click_limit": 5,
        "title": "Sale",
        "tags": ["a"],
        "forward_query": False,
    }
    assert not made.is_plain


def test_null_takes_a_value_away() -> None:
    gone = read_edition(dict.fromkeys(("title", "tags", "maxVisits", "validUntil")), NOW)
    assert gone == {"title": "", "tags": (), "click_limit": None, "expires_at": None}
    assert OPTIONS.check(gone, now=0)["click_limit"] is None
    assert read_edition({"forwardQuery": None, "validSince": None}, NOW) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("validSince", (NOW + timedelta(seconds=1)).isoformat()),
        ("validSince", {}),
        ("crawlable", True),
        ("deviceLongUrls", {"ios": URL}),
        ("domain", "other.example"),
        ("domain", 7),
        ("pathPrefix", "x"),
        ("customSlug", "  "),
        ("customSlug", ["a"]),
        ("customSlug", "a/b"),
        ("shortCodeLength", 3),
        ("shortCodeLength", 65),
        ("shortCodeLength", True),
        ("findIfExists", "perhaps"),
    ],
)
def test_what_can_t_be_done_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidData) as caught:
        read_creation({"longUrl": URL, field: value}, NOW, is_ours)
    assert caught.value.members["invalidElements"] == [field]


_FIELDS = (
    *(
        "longUrl",
        "customSlug",
        "validSince",
        "validUntil",
        "maxVisits",
        "title",
        "tags",
        "crawlable",
    ),
    *("forwardQuery", "findIfExists", "domain", "shortCodeLength", "pathPrefix", "deviceLongUrls"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=5), _JSON, max_size=6))
def test_any_body_is_read_or_refused_by_name(body: dict[str, Any]) -> None:
    for read in (_created, read_edition):
        try:
            options = read(body, NOW)
        except InvalidData as problem:
            named = problem.members["invalidElements"]
            assert isinstance(named, list)
            assert set(named) <= {*body, "longUrl"}
        else:
            with suppress(InvalidLink):
                OPTIONS.check(options, now=NOW.timestamp())


def _created(body: dict[str, Any], now: datetime) -> Any:
    return read_creation(body, now, is_ours).options
