import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.campaign_query import campaign_query


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", b""),
        (b"a=1&b=2", b""),
        (b"utm_source=news&a=1&utm_medium=email", b"utm_source=news&utm_medium=email"),
        (b"UTM_Source=News", b"UTM_Source=News"),
        (b"a=1&amp;utm_source=x", b"utm_source=x"),
        (b"gclid=Secret&fbclid=Other", b"gclid&fbclid"),
        (b"mtm_campaign=a&pk_kwd=b", b"mtm_campaign=a&pk_kwd=b"),
        (b"my_utm_source=x&utm_sourceful=y&utm_source=", b""),
        (b"token=1&utm_content=a%26b&email=me@example.com", b"utm_content=a%26b"),
    ],
)
def test_only_what_tells_of_a_campaign_is_kept(query, kept):
    assert campaign_query(query) == kept


def test_a_long_query_is_not_read_to_its_end():
    assert campaign_query(b"x=" + b"y" * 5000 + b"&utm_source=a") == b""


@given(st.binary(max_size=300))
def test_no_query_fails_or_grows(query):
    assert len(campaign_query(query)) <= len(query)
