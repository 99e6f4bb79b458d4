from collections.abc import Callable
from typing import Any

from app.dead_letters.letter import Fault, to_letter
from app.keys.store import KeyStore
from tests.support.pages import Browser, text_of

EVIL = b"<script>alert(1)</script>"


def kill(links: Any) -> str:
    """Leave a dead letter, and return its id."""
    letter = to_letter(
        b"1-1", [b"short_code", b"abc", b"user_agent", EVIL], Fault("poison", "it was"), "me", 1
    )
    command = ("XADD", "clicks:dead", "10-0", *letter, b"deliveries", b"2")
    return str(links._client.execute_command(*command).decode())


def test_what_cannot_be_told_is_named_and_the_rest_is_told(operator: Browser) -> None:
    text = text_of(operator.get("/system"))
    assert "Redirect can't be told" in text
    assert "Ledger not begun" in text
    assert "Dead letters 0" in text
    assert "No workers have said anything" in text
    assert "Ledger by minute can't be told" in text
    assert "clicks:stream: no worker has ever read it" in text


def test_what_the_doctor_finds_is_told_and_what_is_not_well_before_the_rest(
    operator: Browser,
) -> None:
    page = operator.get("/system")
    text = text_of(page)
    assert "Doctor not well" in text
    assert "fail backlog <b>too much</b> → start workers 1 part is well" in text
    assert "<b>too much" not in page.text


def test_without_keys_doctor_speaks_to_this_machine_alone(
    make_operator: Callable[..., Browser],
) -> None:
    assert "Doctor not well" in text_of(make_operator(None).get("/system"))
    text = text_of(make_operator(None, Via="1.1 proxy").get("/system"))
    assert "Doctor can't be told." in text
    assert "too much" not in text


def test_a_dead_letter_is_sent_again_from_the_page(operator: Browser, links: Any) -> None:
    letter_id = kill(links)
    page = operator.get("/system")
    assert "poison" in text_of(page)
    assert EVIL.decode() not in page.text
    done = operator.follow(operator.send("/system", letter=letter_id, act="requeue"))
    assert "Sent to the workers again" in text_of(done)
    assert links._client.xlen("clicks:stream") == 1
    assert "letter.requeued" in text_of(operator.get("/audit"))


def test_a_letter_is_thrown_away_once(operator: Browser, links: Any) -> None:
    letter_id = kill(links)
    assert "Thrown away" in text_of(
        operator.follow(operator.send("/system", letter=letter_id, act="purge"))
    )
    again = operator.send("/system", page="/keys", letter=letter_id, act="purge")
    assert "no dead letter" in text_of(operator.follow(again)).lower()


def test_who_may_not_see_letters_sees_the_rest(
    operator: Browser, keys: KeyStore, links: Any
) -> None:
    kill(links)
    _, credential = keys.add("watcher", ("system:read",))
    watcher = Browser(operator.client)
    watcher.send("/sign-in", key=credential.text)
    page = watcher.get("/system")
    assert "Dead letters 1" in text_of(page)
    assert "poison" not in page.text
    assert watcher.get("/keys").status_code == watcher.get("/audit").status_code == 403
