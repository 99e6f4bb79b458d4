import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.json import NAMES, describe, from_plain, to_plain
from app.links.link import Link
from app.links.validation import InvalidLink

LINK = Link(code="demo1", target="https://example.com/", created_ms=1_800_000_000_123, updated_ms=1)


def test_a_plain_form_has_every_name_in_order() -> None:
    assert tuple(to_plain(LINK)) == NAMES


def test_every_field_of_a_link_is_in_its_plain_form() -> None:
    renamed = {"created_ms": "created_at", "updated_ms": "updated_at"}
    assert {renamed.get(name, name) for name in Link.__slots__} == set(NAMES)


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_800_000_000_000, "2027-01-15T08:00:00Z"),
        (1_800_000_000_123, "2027-01-15T08:00:00.123Z"),
    ],
)
def test_times_are_iso_8601_in_utc(time_ms: int, text: str) -> None:
    link = Link(code="a", target="https://a.b/", created_ms=time_ms, updated_ms=time_ms)
    assert to_plain(link)["created_at"] == text
    assert from_plain({"target": "x", "created_at": text}).created_ms == time_ms


@given(st.integers(0, 4_102_444_799_999))
def test_creation_times_read_back_the_same(time_ms: int) -> None:
    link = Link(code="a", target="https://a.b/", created_ms=time_ms, updated_ms=0)
    assert from_plain(to_plain(link)).created_ms == time_ms


def test_empty_values_count_as_not_given() -> None:
    new = from_plain({"target": "https://a.b/", "code": "", "title": None, "status": ""})
    assert (new.given, new.code, new.created_ms) == ({"target": "https://a.b/"}, None, None)


@pytest.mark.parametrize("nothing", [" ", "NaN", "NaT", "NULL", "nil", "<NA>", "#N/A", r"\N"])
def test_what_is_said_to_be_missing_counts_as_not_given_where_it_is_no_text(nothing: str) -> None:
    numbers = ("status", "expires_at", "click_limit", "forward_query", "disabled", "created_at")
    plain: dict[str, object] = dict.fromkeys(numbers, nothing)
    assert from_plain({"target": "https://a.b/", **plain}) == from_plain({"target": "https://a.b/"})
    assert from_plain({"click_limit": float("nan")}).given == {}
    assert from_plain({"title": "null", "tags": "nan"}).given == {"title": "null", "tags": "nan"}


def test_what_follows_from_a_link_is_read_over() -> None:
    described = describe(LINK, short_url="https://go.example.com/demo1", uses=0, now=0.0)
    assert from_plain(described) == from_plain(to_plain(LINK))


@pytest.mark.parametrize(
    ("plain", "option"),
    [
        ({"url": "https://a.b/"}, "url"),
        ({"code": 7}, "code"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": 5}, "created_at"),
        ({"deleted": "perhaps"}, "deleted"),
    ],
)
def test_what_cannot_be_read_is_named(plain: dict[str, object], option: str) -> None:
    with pytest.raises(InvalidLink) as refused:
        from_plain(plain)
    assert list(refused.value.faults) == [option]


@pytest.mark.parametrize(
    ("uses", "state"), [(0, "live"), (4, "live"), (5, "used_up"), (6, "used_up")]
)
def test_a_link_at_its_limit_is_used_up(uses: int, state: str) -> None:
    link = Link(code="a", target="https://a.b/", created_ms=0, updated_ms=0, click_limit=5)
    assert describe(link, short_url="", uses=uses, now=0.0)["state"] == state
