import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.http.urls import InvalidUrl, read_url
from workers.enrich.referrer import own_host, referrer_host


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
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://BÜCHER.example", "xn--bcher-kva.example"),
        ("https://[2001:DB8:0:0:0:0:0:1]:8080/", "2001:db8::1"),
        ("www.google.com/search?q=x", "google.com"),
        ("example.com", "example.com"),
        ("//Example.com:8080?x", "example.com"),
        ("bücher.example/", "xn--bcher-kva.example"),
        ("about:client", ""),
        ("null", ""),
        ("-", ""),
        ("/index", ""),
        ("page", ""),
        ("a@example.com", ""),
        ("1.2", ""),
        ("https://example.com:99999/", ""),
        ("example.com:99999", ""),
        ("https://a..b.com/", ""),
        ("https://example.com../", ""),
        ("https://.example.com/", ""),
        ("https://example.com\\x", "example.com"),
        ("https:\\\\example.com", "example.com"),
        ("https://ex%61mple.com/", "example.com"),
        ("https://ex。ample.com/", "ex.ample.com"),
        ("https://0x7f.1", "127.0.0.1"),
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


def read_as_browsers_do(referrer: str) -> str:
    try:
        return read_url(referrer).host.strip("[]").rstrip(".").removeprefix("www.")
    except InvalidUrl:
        return ""


@given(
    st.from_regex(r"https?://(www\.|xn--)?[a-z0-9.-]{1,40}[/?#:@.]?[a-z0-9]{0,4}", fullmatch=True)
)
@example("https://1.2.3.4/")
@example("https://0x7f.1")
@example("https://a.xn--p1ai/")
@example("https://-a-.b--c.example/")
@example("https://" + "a" * 64 + ".example/")
@example("https://" + "a." * 126 + "example/")
@example("https://user.example@other.example/")
def test_hosts_that_are_read_quickly_are_those_that_browsers_read(referrer):
    assert referrer_host(referrer) == read_as_browsers_do(referrer)


def test_our_own_host_has_one_spelling():
    assert own_host("Go.Example.") == "go.example"
