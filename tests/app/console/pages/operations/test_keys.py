import re

from app.keys.store import KeyStore
from tests.support.pages import Browser, text_of


def test_a_key_is_added_shown_once_and_opens_what_it_may(operator: Browser, keys: KeyStore) -> None:
    answer = operator.send(
        "/keys", name="<b>robot</b>", scope=["links:read", "stats:read"], tags="Spring sale"
    )
    secret = re.search(r"hop_[0-9a-z]{12}_\w{40}", answer.text)
    assert secret
    assert "<b>robot" not in answer.text
    page = operator.get("/keys")
    assert secret[0] not in page.text
    assert "only links tagged spring-sale" in text_of(page)
    (key,) = keys.all()
    assert (key.scopes, key.tags) == (("links:read", "stats:read"), ("spring-sale",))
    robot = Browser(operator.client)
    assert robot.send("/sign-in", key=secret[0]).status_code == 303


def test_what_no_key_can_be_is_said(operator: Browser, keys: KeyStore) -> None:
    for fields in (
        {"name": "x"},
        {"name": "", "scope": "admin"},
        {"name": "x", "scope": "odd"},
        {"name": "x", "scope": "admin", "tags": "a"},
        {"name": "x", "scope": "links:read", "tags": "<"},
    ):
        answer = operator.send("/keys", **fields)
        assert answer.status_code == 422, fields
        assert 'class="fault"' in answer.text
    assert keys.all() == []


def test_a_key_is_revoked_and_the_trail_says_who_did_it(operator: Browser, keys: KeyStore) -> None:
    key, _ = keys.add("old", ("links:read",))
    done = operator.follow(operator.send("/keys", revoke=key.id))
    assert "old was revoked" in text_of(done)
    assert keys.get(key.id).revoked_ms
    text = text_of(operator.get(f"/audit?subject={key.id}"))
    assert "key.revoked" in text
    assert "key:token by console" in text
    assert "Not revoked" in text_of(operator.follow(operator.send("/keys", revoke="nothing")))
