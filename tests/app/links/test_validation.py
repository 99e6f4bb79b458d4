import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.validation import MAX_TAGS, InvalidLink, LinkOptions

NOW = 1_800_000_000.0
options = LinkOptions(["go.example.com"], allow_private_targets=True)


def check(name: str, value: object) -> object:
    return options.check({name: value}, now=NOW)[name]


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("target", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("expires_at", "2027-01-01", 1_798_761_600),
        ("expires_at", "2027-01-01T02:00+02:00", 1_798_761_600),
        ("expires_at", "2027-01-01T00:00:00.5Z", 1_798_761_601),
        ("expires_at", "30d", 1_800_000_000 + 30 * 86400),
        ("expires_at", "12h", 1_800_000_000 + 12 * 3600),
        ("expires_at", 1_798_761_600, 1_798_761_600),
        ("expires_at", "never", None),
        ("expires_at", None, None),
        ("click_limit", 5, 5),
        ("click_limit", "5", 5),
        ("click_limit", "none", None),
        ("click_limit", None, None),
        *(("click_limit", text, 100) for text in ("100.0", "100,0", " 100 ", "1E+02", "1e2", 1e2)),
        *(("click_limit", text, 100) for text in ("100.00", "0100", 100.0)),
        *(
            ("click_limit", text, 1_000_000)
            for text in (
                "1 000 000",
                "1\u00a0000\u00a0000",
                "1\u202f000\u202f000",
                "1'000'000",
                "1.0E6",
            )
        ),
        ("click_limit", "1000.000", 1000),
        ("status", "302.0", 302),
        ("status", 301.0, 301),
        ("expires_at", "1798761600", 1_798_761_600),
        ("expires_at", "1798761600.0", 1_798_761_600),
        ("expires_at", 1798761600.0, 1_798_761_600),
        ("expires_at", "2027-01-01 00:00:00", 1_798_761_600),
        ("disabled", "FALSE", False),
        ("disabled", "1.0", True),
        ("status", "308", 308),
        ("status", 301, 301),
        ("forward_query", True, True),
        ("forward_query", "Yes", True),
        ("forward_query", "0", False),
        ("disabled", "false", False),
        ("cache_control", " public, max-age=60 ", "public, max-age=60"),
        ("cache_control", "", None),
        ("cache_control", None, None),
        ("title", "  A – title ", "A – title"),
        ("tags", ["b", "A", "a "], ("a", "b")),
        ("tags", "Big  Sale, über,,", ("big-sale", "über")),
        ("tags", ["हिन्दी"], ("हिन्दी",)),
        ("tags", [], ()),
        ("forward_query", "WAHR", True),
        ("forward_query", " Vrai ", True),
        ("disabled", "FAUX", False),
        ("disabled", "ИСТИНА", True),
        ("disabled", "YANLIŞ", False),
    ],
)
def test_an_option_becomes_what_a_link_holds(name: str, value: object, held: object) -> None:
    assert check(name, value) == held


@pytest.mark.parametrize(
    ("name", "value", "need"),
    [
        ("target", "javascript:alert(1)", "only http and https"),
        ("target", "https://example.com/\0", "control character"),
        ("target", "https://GO.example.com./x", "circle"),
        ("target", 7, "no text"),
        ("target", None, "no text"),
        ("expires_at", "soon", "expected a date"),
        ("expires_at", -1, "no whole number"),
        ("expires_at", 10**15, "no whole number"),
        ("expires_at", 1.5, "no whole number"),
        ("click_limit", 0, "from 1"),
        ("click_limit", -5, "from 1"),
        ("click_limit", True, "no whole number"),
        ("click_limit", "many", "no whole number"),
        *(("click_limit", text, "write digits only") for text in ("1,000", "1.000", "12.345,0")),
        *(
            ("click_limit", text, "no whole number")
            for text in ("100.5", "12 34", "1e-2", "٣", "1_0")
        ),
        ("click_limit", float("nan"), "no whole number"),
        ("click_limit", float("inf"), "no whole number"),
        ("expires_at", "1798761600000", "no Unix time in seconds"),
        ("expires_at", "01/02/2027", "expected a date"),
        ("status", 200, "301, 302, 303, 307, 308"),
        ("status", "x", "no whole number"),
        ("forward_query", "maybe", "neither true nor false"),
        ("forward_query", 2, "neither true nor false"),
        ("cache_control", "no-store\r\nX: y", "printable ASCII"),
        ("cache_control", "ü", "printable ASCII"),
        ("cache_control", "x" * 201, "at most 200"),
        ("title", "a\nb", "line break"),
        ("title", "a\u2028b", "line break"),
        ("title", "a\udc80", "control character"),
        ("title", "x" * 201, "at most 200"),
        ("tags", ["x" * 51], "at most 50"),
        ("tags", ["a\nb;c"], "no tag"),
        ("tags", ["<b>"], "no tag"),
        ("tags", 5, "no list"),
        ("tags", [5], "no text"),
        ("tags", [f"t{number}" for number in range(MAX_TAGS + 1)], "at most 20"),
        ("colour", "red", "no such option"),
        ("code", "x", "no such option"),
        ("deleted", True, "no such option"),
    ],
)
def test_what_a_link_cannot_hold_is_refused_by_name(name: str, value: object, need: str) -> None:
    with pytest.raises(InvalidLink, match=need) as refused:
        check(name, value)
    assert list(refused.value.faults) == [name]
    assert str(refused.value).startswith(f"{name}: ")


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())
)


@given(
    st.sampled_from(["target", "expires_at", "click_limit", "status", "cache_control", "title"]),
    anything,
)
def test_any_value_is_held_or_refused_and_what_is_held_checks_to_itself(
    name: str, value: object
) -> None:
    try:
        held = check(name, value)
    except InvalidLink:
        return
    assert check(name, held) == held


@given(st.lists(st.text()))
def test_tags_check_to_themselves(tags: list[str]) -> None:
    try:
        held = check("tags", tags)
    except InvalidLink:
        return
    assert check("tags", held) == held
    assert check("tags", ",".join(held)) == held
