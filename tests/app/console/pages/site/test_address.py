from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from app.console.pages.site.address import Address

TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_an_address_reads_back_what_it_was_written_from(pairs: list[tuple[str, str]]) -> None:
    address = Address("/", tuple(pairs))
    assert Address.read("/", urlsplit(f"http://x{address}").query) == address


def test_a_text_is_toggled_among_others_of_its_name() -> None:
    address = Address.read("/", "filter=a&filter=b&x=1")
    assert str(address.toggled("filter", "a")) == "/?filter=b&x=1"
    assert str(address.toggled("filter", "c")) == "/?filter=a&filter=b&x=1&filter=c"
    assert str(address.with_(filter=None, x="2")) == "/?x=2"
    assert str(address.only(("x",), "/y")) == "/y?x=1"


def test_odd_queries_are_read_without_a_fault() -> None:
    for query in ("%ff%00=%80", "&&==&a", "a=" + "x" * 100_000, "a=1;b=2"):
        Address.read("/", query)
