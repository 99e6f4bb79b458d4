import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.source import own_host, referrer_host


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.Example.com/a?b=c", "example.com"),
        ("http://user:secret@news.example.com:8080/", "news.example.com"),
        ("https://example.com.", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("", ""),
        ("example.com", ""),
        ("javascript:alert(1)", ""),
        ("https://[", ""),
        ("https://a b/", ""),
        ("https://" + "a" * 300, ""),
    ],
)
def test_the_host_is_taken_from_a_referrer(referrer, host):
    assert referrer_host(referrer) == host


@given(st.text())
def test_any_text_has_an_answer(text):
    assert len(referrer_host(text)) <= 253


def test_our_own_host_has_one_spelling():
    assert own_host("Go.Example.") == "go.example"
