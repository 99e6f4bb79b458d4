import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import MAX_FIELD_BYTES, NO_FETCH_MODE, OWN
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.visit import FIELD_BYTES, Visit, clean, from_environ

READ = ClientAddress(())


def test_a_request_says_who_visits():
    visit = from_environ(
        {
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_USER_AGENT": "Browser \xc3\xa4",
            "HTTP_REFERER": "https://b.example/",
            "HTTP_HOST": "go.example",
            "HTTP_ACCEPT_LANGUAGE": "de",
            "HTTP_SEC_GPC": "1",
            "HTTP_SEC_FETCH_MODE": "navigate",
            "HTTP_COOKIE": "a=b; hopline_own=1",
        },
        READ,
    )
    assert visit.ip == b"192.0.2.1"
    assert visit.user_agent == "Browser ä".encode()
    assert (visit.referer, visit.host) == (b"https://b.example/", b"go.example")
    assert (visit.accept_language, visit.purpose, visit.gpc) == (b"de", b"", b"1")
    assert (visit.count_only, visit.own, visit.fetch_mode) == (b"", OWN, b"navigate")


def test_a_bare_request_is_a_visit_too():
    assert from_environ({}, READ) == (*(b"",) * 11, NO_FETCH_MODE)


@pytest.mark.parametrize(
    ("header", "value", "is_ahead"),
    [
        ("HTTP_SEC_PURPOSE", "prefetch;prerender", True),
        ("HTTP_PURPOSE", "prefetch", True),
        ("HTTP_X_PURPOSE", "preview", True),
        ("HTTP_X_MOZ", "Prefetch", True),
        ("HTTP_SEC_PURPOSE", "", False),
        ("HTTP_SEC_PURPOSE", "something else", False),
    ],
)
def test_a_fetch_ahead_of_a_person_is_told_apart(header, value, is_ahead):
    visit = from_environ({header: value}, READ)
    assert visit.is_ahead_of_person is is_ahead
    assert visit.purpose == value.encode()


@given(st.binary(max_size=100).map(lambda raw: raw * 100), st.integers(1, 1000))
def test_whatever_a_header_holds_a_worker_can_read_it_and_it_is_bounded_in_bytes(raw, limit):
    cleaned = clean(raw, limit)
    assert len(cleaned) <= limit
    assert raw.decode("utf-8", "replace").startswith(cleaned.decode())


@given(st.text(max_size=300), st.integers(1, 300))
def test_a_text_is_cut_between_characters_and_no_earlier_than_it_must(text, limit):
    whole = text.encode()
    cleaned = clean(whole, limit)
    assert whole.startswith(cleaned)
    assert len(cleaned) == len(whole) or len(cleaned) > limit - 4


def test_no_text_of_a_visit_is_longer_than_a_worker_reads():
    assert set(FIELD_BYTES) == {name.encode() for name in Visit._fields}
    assert max(FIELD_BYTES.values()) <= MAX_FIELD_BYTES
