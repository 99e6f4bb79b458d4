import pytest

from app.keys.store import KeyStore
from tests.support.console import TOKEN
from tests.support.pages import Browser, text_of
from tests.support.server.visits import wait_for


def signed_in(browser: Browser, secret: str, **fields: str) -> Browser:
    answer = browser.send("/sign-in", key=secret, **fields)
    assert answer.status_code == 303, text_of(answer)
    return browser


def test_who_is_not_signed_in_is_led_to_the_form_and_back(guarded: Browser) -> None:
    turned_away = guarded.get("/links?q=a%20b")
    assert turned_away.status_code == 303
    page = guarded.follow(turned_away)
    assert 'name="next" value="/links?q=a%20b"' in page.text
    answer = guarded.send("/sign-in", key=TOKEN, next="/links?q=a%20b")
    assert answer.headers["location"] == "/links?q=a%20b"
    assert guarded.follow(answer).status_code == 200


def test_the_cookie_is_none_that_scripts_or_other_sites_get(guarded: Browser) -> None:
    answer = guarded.send("/sign-in", key=TOKEN)
    cookie = answer.cookies["hopline_session"]
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Strict", False)
    assert TOKEN not in cookie.value
    secure = Browser(guarded.client, **{"X-Forwarded-Proto": "https"})
    assert secure.send("/sign-in", key=TOKEN).cookies["hopline_session"].secure


@pytest.mark.parametrize(
    "wrong", ["", "hop_x", f"{TOKEN}x", "hop_abcdefghijkl_" + "a" * 40, "\x00\udcff", "x" * 9_000]
)
def test_a_wrong_key_opens_nothing_and_is_not_shown(guarded: Browser, wrong: str) -> None:
    fields = {"key": wrong.encode("utf-8", "surrogatepass")}
    answer = guarded.send("/sign-in", **fields)
    assert answer.status_code == 401
    assert not answer.cookies
    assert len(wrong) < 3 or wrong not in answer.text


def test_a_revoked_key_ends_its_session_at_once(guarded: Browser, keys: KeyStore) -> None:
    key, credential = keys.add("editor", ("links:read",))
    signed_in(guarded, credential.text)
    assert "editor" in text_of(guarded.get("/links"))
    keys.revoke(key.id)
    # Keys are remembered for half a second.
    wait_for(lambda: guarded.get("/links").status_code == 303)
    assert "revoked" in guarded.get("/links").headers["location"]


def test_signing_out_ends_the_session_wherever_its_cookie_is(guarded: Browser) -> None:
    signed_in(guarded, TOKEN)
    copied = dict(guarded.cookies)
    assert guarded.send("/sign-out", page="/links").status_code == 303
    assert "hopline_session" not in guarded.cookies
    guarded.cookies = copied
    assert guarded.get("/links").status_code == 303


def test_nobody_is_led_to_another_site(guarded: Browser) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "/\r\nX: y"):
        answer = guarded.send("/sign-in", key=TOKEN, next=elsewhere)
        assert answer.headers["location"] == "/"
        guarded.cookies.clear()


def test_a_session_reads_the_interface_and_changes_nothing_there(guarded: Browser) -> None:
    signed_in(guarded, TOKEN)
    assert guarded.get("/api/v1/links").status_code == 200
    made = guarded.client.simulate_post(
        "/api/v1/links", json={"target": "https://example.com/"}, headers=guarded._headers({})
    )
    assert made.status_code == 401


def test_a_form_that_no_page_of_ours_showed_is_refused(guarded: Browser, browser: Browser) -> None:
    signed_in(guarded, TOKEN)
    for token in ("", "00", "zz", "0" * 128):
        answer = guarded.post("/links/-/new", target="https://example.com/", form_token=token)
        assert answer.status_code == 403
        assert "Go back" in text_of(answer)
    assert browser.post("/links/-/new", target="https://example.com/").status_code == 403


def test_programs_hear_of_a_missing_key_as_before(guarded: Browser) -> None:
    answer = guarded.client.simulate_get("/api/v1/links")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_signing_in_anew_ends_the_session_of_before(guarded: Browser, keys: KeyStore) -> None:
    signed_in(guarded, TOKEN)
    before = dict(guarded.cookies)
    _, credential = keys.add("reader", ("links:read",))
    signed_in(guarded, credential.text)
    assert guarded.get("/keys").status_code == 403
    guarded.cookies = before
    assert guarded.get("/keys").status_code == 303
