import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.count_only import site_of


@pytest.mark.parametrize(
    ("referrer", "site"),
    [
        ("https://news.example/read?by=me#there", "https://news.example/"),
        ("http://news.example:8080", "http://news.example:8080/"),
        ("https://user:secret@news.example/", "https://news.example/"),
        ("https://user@secret@news.example/a@b", "https://news.example/"),
        ("https://[2001:db8::1]:8080/?x", "https://[2001:db8::1]:8080/"),
        ("https:/\\news.example/", ""),
        ("https://news.example\\secret", "https://news.example/"),
        ("android-app://com.slack/https/secret", "android-app://com.slack/"),
        ("news.example/secret", ""),
        ("https://", ""),
        ("", ""),
    ],
)
def test_of_a_referrer_the_site_is_left(referrer, site):
    assert site_of(referrer.encode()) == site.encode()


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=60))
def test_nothing_behind_a_host_is_left(host, rest):
    assert site_of(b"https://a.example/" + rest) == b"https://a.example/"
    left = site_of(b"https://" + host + b"/" + rest)
    assert left in {b"", b"https://" + left[8:-1] + b"/"}
    assert not set(left[8:-1]) & set(b"/?#@\\ \t\r\n")


@given(st.binary(max_size=80))
def test_a_site_is_its_own(referrer):
    assert site_of(site_of(referrer)) == site_of(referrer)
